import fs from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { apply } from '../../../lib/steps/apply.ts';
import { check } from '../../../lib/steps/check.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import type { Device } from '../../helpers/device.ts';
import { NOW, netDeps, rootDeps, step } from '../../helpers/device.ts';
import type { ProxyOptions } from '../../helpers/proxy-server.ts';
import { proxyServer } from '../../helpers/proxy-server.ts';
import { writeBranches } from '../../helpers/branch-files.ts';
import { dashboard } from '../../helpers/site-builder.ts';
import { containing, matching } from '../../helpers/matchers.ts';
import { holdVersions, install, onSite } from './published.ts';
import type { Answer, SiteServer } from './site-server.ts';
import { bytes, part, status } from './site-server.ts';
import { tryAgain, wish } from '../../helpers/wish.ts';

/** As the check of a device that installs by itself would have it. */
function grant(on: Device, until: 'fetch' | 'apply'): void {
  on.files.writeSettings({ ...on.files.readSettings(), auto: until === 'apply' ? 'install' : 'download' });
  fs.mkdirSync(on.paths.granted, { recursive: true });
  fs.writeFileSync(`${on.paths.granted}/fetch`, JSON.stringify({ run: 'r', until, by: 'timer' }));
}

/** The manifest of now is what is answered once more, whatever becomes of it. */
function onceOld(site: string, server: SiteServer): void {
  const old = fs.readFileSync(`${site}/manifest.json`);
  server.answer('/manifest.json', (request, response) => {
    server.answer('/manifest.json', null);
    bytes(old)(request, response);
  });
}

const leaveHttp: Answer = ({ socket }) => {
  socket.end('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
};

/** The source is asked through a proxy from now on, or through one that is gone. */
async function behindProxy(on: Device, url: string, options: ProxyOptions | null): Promise<void> {
  const proxy = await proxyServer(options ?? {});
  if (options === null) await proxy.close();
  else onTestFinished(proxy.close);
  const text = fs.readFileSync(on.paths.config, 'utf8');
  fs.writeFileSync(on.paths.config, text.replace(`url = "${url}"`, `url = "${url}"\nproxy = "${proxy.url}"`));
}

/** What a check costs. */
const ASKED = ['/branches.json', '/manifest.json'];

const HELD = { version: '1.1.0', reason: 'failed' as const, code: 'PROBE_FAILED', message: 'no answer', at: NOW.toISOString(), attempts: 1 };

describe('what fetch brings', () => {
  it('asks the source when nothing is known, and leaves the verified tree with its mark', async () => {
    const { on, server } = await onSite(['1.0.0']);
    const deps = netDeps(on);
    expect(await fetchRelease(deps)).toEqual({
      outcome: 'ok',
      message: '1.0.0 is downloaded and verified',
      from: null,
      to: '1.0.0',
      branch: 'stable',
      signed: null,
    });
    expect(server.paths()).toEqual([...ASKED, '/bundles/pikit-1.0.0.tar.gz']);
    const dir = `${on.paths.cacheDir}/1.0.0`;
    expect(fs.readdirSync(dir).toSorted()).toEqual(['bundle.tar.gz', 'manifest.json', 'tree']);
    expect(fs.readFileSync(`${dir}/tree/pikit-web/index.html`, 'utf8')).toContain('1.0.0');
    expect(on.files.readStaged()).toMatchObject({ version: '1.0.0', branch: 'stable' });
    expect(on.files.readState().staged).toEqual(on.files.readStaged());
    expect(deps.said).toEqual([
      'info: 1.0.0 is available (nothing is installed)',
      matching(/^info: downloading \d+ B of 1\.0\.0 from '127\.0\.0\.1:\d+'$/),
      matching(/^info: downloaded .* as one bundle/),
    ]);
  });

  it('asks again after a check: without conditions by hand, with them for the timer', async () => {
    const { on, server } = await onSite(['1.0.0']);
    await check(netDeps(on));
    server.seen.length = 0;
    await fetchRelease(netDeps(on));
    expect(server.paths()).toEqual([...ASKED, '/bundles/pikit-1.0.0.tar.gz']);
    expect(server.seen.every(({ ifNoneMatch }) => ifNoneMatch === null)).toBe(true);
    server.seen.length = 0;
    grant(on, 'apply');
    await fetchRelease(netDeps(on));
    expect(server.seen.map(({ ifNoneMatch }) => ifNoneMatch === null)).toEqual([false, false]);
  });

  it('asks again when the last check found nothing', async () => {
    const { on, server, publish } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    fs.writeFileSync(on.paths.version, '1.1.0\n');
    await check(netDeps(on));
    await publish('1.2.0');
    server.seen.length = 0;
    expect((await fetchRelease(netDeps(on))).to).toBe('1.2.0');
    expect(server.paths()).toEqual([...ASKED, '/bundles/pikit-1.2.0.tar.gz']);
  });

  it('does nothing when the device is up to date', async () => {
    const { on } = await onSite(['1.0.0']);
    fs.writeFileSync(on.paths.version, '1.0.0\n');
    expect(await fetchRelease(netDeps(on))).toEqual({ outcome: 'nothing', message: 'up to date: 1.0.0 is installed', branch: 'stable' });
  });

  it('does nothing when it is there already', async () => {
    const { on, server } = await onSite(['1.0.0']);
    await fetchRelease(netDeps(on));
    server.seen.length = 0;
    expect(await fetchRelease(netDeps(on))).toMatchObject({ outcome: 'nothing', message: '1.0.0 is already downloaded and verified' });
    expect(server.paths()).toEqual(ASKED);
  });

  it('asks the new source when it has changed since the check', async () => {
    const { on, server } = await onSite(['1.0.0']);
    await check(netDeps(on));
    on.configure({ url: server.url.replace('127.0.0.1', 'localhost') });
    await fetchRelease(netDeps(on));
    expect(server.paths()).toEqual([...ASKED, ...ASKED, '/bundles/pikit-1.0.0.tar.gz']);
  });

  it.each([
    ['held', () => undefined, '1.1.0 is held: it failed here before (no answer)'],
    [
      'up to date',
      (on: Device) => {
        fs.writeFileSync(on.paths.version, '1.1.0\n');
      },
      'up to date: 1.1.0 is installed',
    ],
  ])('brings nothing and says why: %s', async (name, arrange, message) => {
    const { on, server } = await onSite(['1.0.0', '1.1.0']);
    if (name === 'held') holdVersions(on, HELD);
    arrange(on);
    server.seen.length = 0;
    const result = await fetchRelease(netDeps(on));
    expect(result).toMatchObject({ outcome: 'nothing', message: containing(message) });
    expect(server.paths().filter((path) => path.startsWith('/bundles'))).toEqual([]);
  });

  it('brings a held version that the owner wants to try again', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    holdVersions(on, HELD);
    on.files.writeWanted(tryAgain(NOW, '1.1.0'));
    expect((await fetchRelease(netDeps(on))).outcome).toBe('ok');
  });

  it.each([
    ['a release for others', { requires: { arch: ['armhf'] } }],
    ['a later schema', { schema: 7 }],
  ])('fails when the release can never be installed here: %s', async (_name, change) => {
    const { on, edit } = await onSite(['1.0.0', '1.1.0']);
    edit((manifest) => ({ ...manifest, ...change }));
    await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({ code: 'RELEASE_INCOMPATIBLE', hint: containing('nothing was changed') });
  });

  it.each([
    ['waiting', 'nothing', 'goes to 0% of devices'],
    ['skipped', 'nothing', 'you chose to skip 1.1.0'],
  ])('leaves a release alone when the timer started it, and brings it when a person did: %s', async (name, outcome, why) => {
    const { on, edit } = await onSite(['1.0.0', '1.1.0']);
    if (name === 'waiting') edit((manifest) => ({ ...manifest, rollout: { percent: 0 } }));
    else on.files.writeSettings({ ...on.files.readSettings(), skipped_version: '1.1.0' });
    grant(on, 'apply');
    expect(await fetchRelease(netDeps(on))).toMatchObject({ outcome, message: containing(why) });
    expect(on.read('/run/pikit-update/next/apply')).toBeNull();
    expect((await fetchRelease(netDeps(on))).outcome).toBe('ok');
  });
});

describe('where the chain goes on', () => {
  it.each([
    ['apply', true],
    ['fetch', false],
  ] as const)('granted until %s', async (until, goesOn) => {
    const { on } = await onSite(['1.0.0']);
    grant(on, until);
    await fetchRelease(netDeps(on));
    expect(fs.existsSync(`${on.paths.next}/apply`)).toBe(goesOn);
    expect(fs.existsSync(`${on.paths.granted}/fetch`)).toBe(false);
  });

  it('goes nowhere by hand, and not where an earlier run wanted to', async () => {
    const { on } = await onSite(['1.0.0']);
    on.files.leaveToken('apply', { run: 'killed', until: 'apply', by: 'timer' });
    await fetchRelease(netDeps(on));
    expect(on.read('/run/pikit-update/next/apply')).toBeNull();
  });

  it('goes nowhere with a token of garbage', async () => {
    const { on } = await onSite(['1.0.0']);
    grant(on, 'apply');
    fs.writeFileSync(`${on.paths.granted}/fetch`, 'until=apply');
    const deps = netDeps(on);
    expect((await fetchRelease(deps)).outcome).toBe('ok');
    expect(deps.said[0]).toMatch(/^warning: the token granted\/fetch is not valid JSON/);
    expect(on.read('/run/pikit-update/next/apply')).toBeNull();
  });
});

describe('when the server and its manifest disagree', () => {
  it('tries once more with a manifest that has changed since, and installs nothing of the old one', async () => {
    const { on, publish, bundle, server, site } = await onSite(['1.0.0']);
    onceOld(site, server);
    fs.rmSync(bundle('1.0.0'));
    await publish('1.1.0');
    const deps = netDeps(on);
    expect((await fetchRelease(deps)).to).toBe('1.1.0');
    expect(deps.said.join('\n')).toContain('the manifest has changed, retrying with the new one');
    expect(fs.readdirSync(on.paths.cacheDir).toSorted()).toEqual(['1.1.0', 'source']);
    expect(server.paths()).toEqual([...ASKED, '/bundles/pikit-1.0.0.tar.gz', ...ASKED, '/bundles/pikit-1.1.0.tar.gz']);
  });

  it('does the same for a manifest without digests whose bundle was replaced', async () => {
    const { on, publish, edit, bundle, site, server } = await onSite(['1.0.0']);
    edit((manifest) => ({ ...manifest, bundle: undefined }));
    onceOld(site, server);
    await publish('1.1.0', { files: { ...dashboard('1.1.0'), 'pikit-web/added.txt': 'x' } });
    fs.copyFileSync(bundle('1.1.0'), bundle('1.0.0'));
    expect((await fetchRelease(netDeps(on))).to).toBe('1.1.0');
  });

  it('does not let the timer jump the queue of a rollout that way', async () => {
    const { on, publish, bundle, edit, site, server } = await onSite(['1.0.0']);
    onceOld(site, server);
    fs.rmSync(bundle('1.0.0'));
    await publish('1.1.0');
    edit((manifest) => ({ ...manifest, rollout: { percent: 0 } }));
    grant(on, 'apply');
    await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(on.files.readStaged()).toBeNull();
  });

  it.each([
    ['the bundle is not there', status(404), 'NOT_FOUND'],
    ['other bytes of the same length', 'same length', 'DIGEST_MISMATCH'],
    ['another length', bytes('short'), 'SIZE_MISMATCH'],
    ['the server has a problem', status(503), 'SERVER_ERROR'],
  ] as const)('fails with a hint and leaves nothing wrong behind: %s', async (_name, answer, code) => {
    const { on, server, bundle } = await onSite(['1.0.0']);
    server.answer('/bundles/pikit-1.0.0.tar.gz', typeof answer === 'string' ? bytes(Buffer.alloc(fs.statSync(bundle('1.0.0')).size, 7)) : answer);
    await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({ code, hint: containing('') });
    expect(on.files.readStaged()).toBeNull();
    expect(fs.existsSync(`${on.paths.cacheDir}/1.0.0/tree`)).toBe(false);
    server.answer('/bundles/pikit-1.0.0.tar.gz', null);
    expect((await fetchRelease(netDeps(on))).outcome).toBe('ok');
  });

  it.each([
    ['no archive', bytes('not gzip at all')],
    ['an archive that ends early', 'half'],
  ])('fails with a hint without digests, too, and fetches anew the next time: %s', async (_name, answer) => {
    const { on, server, edit, bundle } = await onSite(['1.0.0']);
    edit((manifest) => ({ ...manifest, bundle: undefined }));
    const whole = fs.readFileSync(bundle('1.0.0'));
    server.answer('/bundles/pikit-1.0.0.tar.gz', typeof answer === 'string' ? bytes(whole.subarray(0, whole.length / 2)) : answer);
    await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({ code: 'BUNDLE_INVALID', hint: containing('') });
    server.answer('/bundles/pikit-1.0.0.tar.gz', null);
    expect((await fetchRelease(netDeps(on))).outcome).toBe('ok');
  });

  it('refuses a bundle whose own manifest says something else', async () => {
    const { on, edit } = await onSite(['1.0.0']);
    edit((manifest) => ({ ...manifest, post_install: ['pikit-api'] }));
    await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({ code: 'BUNDLE_INVALID', hint: containing('') });
  });
});

describe('what an interrupted fetch left', () => {
  it('goes on where the connection was cut', async () => {
    const { on, server, bundle } = await onSite(['1.0.0']);
    const size = fs.statSync(bundle('1.0.0')).size;
    server.answer('/bundles/pikit-1.0.0.tar.gz', part(bundle('1.0.0'), 100));
    await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    const had = fs.statSync(`${on.paths.cacheDir}/1.0.0/bundle.tar.gz.partial`).size;
    expect(had).toBe(100);
    server.answer('/bundles/pikit-1.0.0.tar.gz', null);
    const deps = netDeps(on);
    expect((await fetchRelease(deps)).outcome).toBe('ok');
    expect(server.seen.at(-1)?.range).toBe('bytes=100-');
    expect(deps.said.at(-1)).toContain('resumed after 100 B');
    expect(fs.statSync(`${on.paths.cacheDir}/1.0.0/bundle.tar.gz`).size).toBe(size);
  });

  it('uses a bundle that is there and verified, and does not download it again', async () => {
    const { on, server } = await onSite(['1.0.0']);
    await fetchRelease(netDeps(on));
    on.files.removeStaged();
    server.seen.length = 0;
    const deps = netDeps(on);
    expect((await fetchRelease(deps)).outcome).toBe('ok');
    expect(server.paths()).toEqual(ASKED);
    expect(deps.said).toEqual(['info: 1.0.0 is available (nothing is installed)', 'info: using the bundle of 1.0.0 downloaded earlier']);
  });

  it('downloads a bundle again that is there and damaged', async () => {
    const { on, server } = await onSite(['1.0.0']);
    await fetchRelease(netDeps(on));
    on.files.removeStaged();
    fs.truncateSync(`${on.paths.cacheDir}/1.0.0/bundle.tar.gz`, 50);
    await fetchRelease(netDeps(on));
    expect(server.paths()).toEqual([...ASKED, '/bundles/pikit-1.0.0.tar.gz', ...ASKED, '/bundles/pikit-1.0.0.tar.gz']);
    expect(on.files.readStaged()).not.toBeNull();
  });

  it('never leaves a mark without its tree, whatever happens then', async () => {
    const { on, publish, server } = await onSite(['1.0.0']);
    await fetchRelease(netDeps(on));
    await publish('1.1.0');
    const killed = netDeps(on);
    const { requestRelease } = await import('../../../lib/steps/source/release-source.ts');
    await requestRelease(killed, killed.loadConfig(), 'stable');
    server.answer('/bundles/pikit-1.1.0.tar.gz', status(503));
    await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({ code: 'SERVER_ERROR' });
    expect(on.files.readStaged()).toBeNull();
  });

  it('makes room first by removing what an interrupted run unpacked', async () => {
    const { on } = await onSite(['1.0.0']);
    const dir = `${on.paths.cacheDir}/1.0.0/tree.partial`;
    fs.mkdirSync(dir, { recursive: true });
    const seen: boolean[] = [];
    const { freeSpace } = await import('../../../lib/io/disk.ts');
    const deps = netDeps(on, {
      freeSpace: (path) => {
        seen.push(fs.existsSync(dir));
        return freeSpace(path);
      },
    });
    await fetchRelease(deps);
    expect(seen).not.toContain(true);
    expect(seen.length).toBeGreaterThan(0);
  });

  it('stops when it is told to, keeps what came, and says that it goes on there', async () => {
    const { on, server, bundle } = await onSite(['1.0.0']);
    const held = part(bundle('1.0.0'), 100, true);
    server.answer('/bundles/pikit-1.0.0.tar.gz', held);
    const stop = new AbortController();
    const fetching = fetchRelease(netDeps(on, { signal: stop.signal }));
    await held.begun;
    stop.abort();
    await expect(fetching).rejects.toMatchObject({ code: 'CANCELLED', hint: containing('the next start resumes it') });
    server.answer('/bundles/pikit-1.0.0.tar.gz', null);
    expect((await fetchRelease(netDeps(on))).outcome).toBe('ok');
  });

  it('gives the space back when the disk is full', async () => {
    const { on } = await onSite(['1.0.0']);
    const full = netDeps(on, {
      download: () =>
        Promise.resolve((_url, options) => {
          fs.writeFileSync(`${options.file}.partial`, 'x');
          return Promise.reject(Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }));
        }),
    });
    await expect(fetchRelease(full)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(fs.existsSync(`${on.paths.cacheDir}/1.0.0`)).toBe(false);
  });
});

describe('what is staged and not installed yet', () => {
  it('gives way to a release that came out since', async () => {
    const { on, publish } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    await publish('1.2.0');
    await install(on);
    expect(on.files.readVersion()).toBe('1.2.0');
    expect(on.files.readState().last_result).toMatchObject({ message: '1.2.0 is installed (before: 1.0.0)' });
  });

  it.each([
    ['disabled', [{ name: 'beta', enabled: false }], 0],
    ['removed', [], 1],
  ])('is not installed when its branch was %s: what stable has is', async (_name, branches, notices) => {
    const { on, publish, site } = await onSite(['1.0.0', '1.1.0']);
    writeBranches(site, [{ name: 'beta' }]);
    await publish('1.2.0-beta.1', { branch: 'beta' });
    on.files.writeSettings({ ...on.files.readSettings(), branch: 'beta' });
    expect((await fetchRelease(netDeps(on))).to).toBe('1.2.0-beta.1');
    writeBranches(site, branches);
    await install(on);
    expect(on.files.readVersion()).toBe('1.1.0');
    expect(on.files.readState().notices).toHaveLength(notices);
  });

  it('is installed when the source cannot be asked, and the receipt says that', async () => {
    const { on, server } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    server.answer('/manifest.json', status(503));
    expect(await fetchRelease(netDeps(on))).toMatchObject({ outcome: 'nothing', to: '1.1.0', message: containing('failed to ask the source') });
    const told = await step(on, 'fetch');
    expect([told.code, (told.out + told.err).match(/failed to ask the source/g)]).toEqual([0, ['failed to ask the source']]);
    await apply(rootDeps(on));
    expect(on.files.readVersion()).toBe('1.1.0');
    const { last_result: receipt } = on.files.readState();
    expect(receipt).toMatchObject({ outcome: 'ok', not_asked: containing('HTTP 503'), message: containing('failed to ask the source') });
    expect(on.files.readHistory(1)).toEqual([receipt]);
  });

  it.each<[string, string, (server: SiteServer, on: Device) => Promise<void> | void]>([
    [
      'the login page of a network',
      'CAPTIVE_PORTAL',
      ({ answer }) => {
        answer('/manifest.json', bytes('<html>log in</html>'));
      },
    ],
    [
      'a network that says that it wants a login',
      'CAPTIVE_PORTAL',
      ({ answer }) => {
        answer('/manifest.json', status(511));
      },
    ],
    [
      'a redirect that leads nowhere',
      'REDIRECT_REFUSED',
      ({ answer }) => {
        answer('/manifest.json', status(302));
      },
    ],
    [
      'an answer that leaves HTTP',
      'HTTP_PROTOCOL',
      ({ answer }) => {
        answer('/manifest.json', leaveHttp);
      },
    ],
    [
      'a proxy that is not there',
      'PROXY_UNREACHABLE',
      async ({ url }, on) => {
        await behindProxy(on, url, null);
      },
    ],
    [
      'a proxy that wants a login',
      'PROXY_LOGIN',
      async ({ url }, on) => {
        await behindProxy(on, url, { login: 'me:secret' });
      },
    ],
    [
      'a proxy that refuses',
      'PROXY_REFUSED',
      async ({ url }, on) => {
        await behindProxy(on, url, { refuse: 403 });
      },
    ],
  ])('is installed when what answers is not the source: %s', async (_name, code, arrange) => {
    const { on, server } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    await arrange(server, on);
    await expect(check(netDeps(on))).rejects.toMatchObject({ code });
    expect(await fetchRelease(netDeps(on))).toMatchObject({ outcome: 'nothing', to: '1.1.0', message: containing('failed to ask the source') });
    await apply(rootDeps(on));
    expect(on.files.readVersion()).toBe('1.1.0');
    expect(on.files.readState().last_result).toMatchObject({ outcome: 'ok', message: containing('failed to ask the source') });
  });

  it('says nothing of that when the source could be asked after all', async () => {
    const { on, server } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    server.answer('/manifest.json', status(503));
    await fetchRelease(netDeps(on));
    server.answer('/manifest.json', null);
    await install(on);
    expect(on.files.readState().last_result).not.toHaveProperty('not_asked');
  });

  it('is not installed when the source says that it is gone', async () => {
    const { on, server } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    server.answer('/manifest.json', status(404));
    await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('what the owner has confirmed', () => {
  const want = (on: Device, version: string, sha256: string | null = null): void => {
    on.files.writeWanted(wish(NOW, { version, manifest_sha256: sha256 }));
  };

  it('is not replaced by what came out since, and the wish is gone with the refusal', async () => {
    const { on, publish } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    want(on, '1.1.0');
    await publish('1.2.0');
    await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({
      code: 'RELEASE_CHANGED',
      message: containing('1.2.0'),
      hint: containing('pikit-update apply'),
    });
    expect(on.files.readWanted()).toBeNull();
    await install(on);
    expect(on.files.readVersion()).toBe('1.2.0');
  });

  it('is not replaced by another release of the same version', async () => {
    const { on, edit } = await onSite(['1.0.0', '1.1.0']);
    await check(netDeps(on));
    want(on, '1.1.0', on.files.readState().available?.manifest_sha256);
    edit((manifest) => ({ ...manifest, notes: 'other words' }));
    await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({ code: 'RELEASE_CHANGED' });
  });

  it('is not replaced by nothing: a release that was taken back is told as that', async () => {
    const { on, edit } = await onSite(['1.0.0', '1.1.0']);
    want(on, '1.1.0');
    edit((manifest) => ({ ...manifest, version: '1.0.0' }));
    await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({ code: 'RELEASE_CHANGED', message: containing('1.0.0 is installed') });
  });

  it('is installed, and the wish is gone', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    want(on, '1.1.0');
    await install(on);
    expect(on.files.readVersion()).toBe('1.1.0');
    expect(on.files.readWanted()).toBeNull();
  });

  it('does not count for the timer, nor for a run that comes much later', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    want(on, '9.9.9');
    grant(on, 'apply');
    expect((await fetchRelease(netDeps(on))).to).toBe('1.1.0');
    const late = { now: () => new Date(NOW.getTime() + 31 * 60_000) };
    expect((await fetchRelease(netDeps(on, late))).to).toBe('1.1.0');
    expect(on.files.readWanted()).toBeNull();
  });

  it('is what apply goes by as well', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    want(on, '9.9.9');
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'RELEASE_CHANGED' });
    expect(on.files.readVersion()).toBe('1.0.0');
    expect(on.files.readWanted()).toBeNull();
  });
});
