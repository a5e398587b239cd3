import fs from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tokenPath } from '../../../lib/core/device/paths.ts';
import type { Settings } from '../../../lib/core/device/state.ts';
import { check } from '../../../lib/steps/check.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import { netDeps, rootDeps } from '../../helpers/device.ts';
import { containing } from '../../helpers/matchers.ts';
import { onSite } from './published.ts';
import { status } from './site-server.ts';

const TIMER = { byTimer: true };

describe('check', () => {
  it('says what is available, writes it down and downloads nothing', async () => {
    const { on, server } = await onSite(['1.0.0', '1.1.0']);
    server.seen.length = 0;
    expect(await check(netDeps(on))).toEqual({
      outcome: 'ok',
      message: '1.1.0 is available (installed: 1.0.0)',
      from: '1.0.0',
      to: '1.1.0',
      branch: 'stable',
      signed: null,
    });
    expect(server.paths()).toEqual(['/branches.json', '/manifest.json']);
    expect(on.files.readState()).toMatchObject({
      current: '1.0.0',
      latest: '1.1.0',
      branch: 'stable',
      last_check: '2026-11-22T10:00:00.000Z',
      available: { version: '1.1.0', outcome: 'available', reason: null, files: 4 },
      staged: null,
    });
  });

  it('is answered 304 from its cache the second time, with the same verdict', async () => {
    const { on, server } = await onSite(['1.0.0']);
    const first = await check(netDeps(on, TIMER));
    const second = await check(netDeps(on, TIMER));
    expect(second).toEqual(first);
    expect(server.seen.map((request) => request.ifNoneMatch === null)).toEqual([true, true, false, false]);
    expect(on.files.readState().available).toMatchObject({ version: '1.0.0' });
  });

  it('asks without conditions when the source has another address now', async () => {
    const { on, server } = await onSite(['1.0.0']);
    await check(netDeps(on));
    on.configure({ url: server.url.replace('127.0.0.1', 'localhost') });
    await check(netDeps(on));
    expect(server.seen.map((request) => request.ifNoneMatch)).toEqual([null, null, null, null]);
  });

  it('says that the device is up to date, and that nothing older is offered', async () => {
    const { on, publish, edit } = await onSite(['1.0.0', '1.1.0']);
    await publish('1.2.0');
    await fetchRelease(netDeps(on));
    on.files.writeState(on.files.readState());
    fs.writeFileSync(on.paths.version, '1.2.0\n');
    expect((await check(netDeps(on))).message).toBe('up to date: 1.2.0 is installed');
    edit((manifest) => ({ ...manifest, version: '1.1.5' }));
    expect((await check(netDeps(on))).message).toBe('up to date: the newest release is 1.1.5, and 1.2.0 is installed');
    expect(on.files.readState().available).toBeNull();
  });

  it('drops what is staged when the manifest has changed, and tells the state', async () => {
    const { on, edit } = await onSite(['1.0.0']);
    await fetchRelease(netDeps(on));
    await check(netDeps(on));
    expect(on.files.readStaged()).not.toBeNull();
    edit((manifest) => ({ ...manifest, notes: 'other words' }));
    await check(netDeps(on));
    expect(on.files.readStaged()).toBeNull();
    expect(on.files.readState().staged).toBeNull();
    expect(fs.readdirSync(on.paths.cacheDir)).toEqual(['source']);
  });

  it.each([
    ['404', 404, 'NOT_FOUND'],
    ['410', 410, 'NOT_FOUND'],
    ['500', 500, 'SERVER_ERROR'],
    ['401', 401, 'HTTP_STATUS'],
  ])('keeps the last good answer when the source says %s', async (_name, code, expected) => {
    const { on, server } = await onSite(['1.0.0']);
    await check(netDeps(on));
    const before = on.files.readState();
    server.answer('/manifest.json', status(code));
    await expect(check(netDeps(on))).rejects.toMatchObject({ code: expected });
    expect(on.files.readState()).toEqual(before);
    server.answer('/manifest.json', null);
    await check(netDeps(on, TIMER));
    expect(server.seen.at(-1)?.ifNoneMatch).not.toBeNull();
  });

  it('calls a manifest of a later schema incompatible, and does not fail', async () => {
    const { on, edit } = await onSite(['1.0.0', '1.1.0']);
    edit((manifest) => ({ ...manifest, schema: 2, files: 'something else' }));
    const result = await check(netDeps(on));
    expect(result).toMatchObject({ outcome: 'nothing', to: '1.1.0' });
    expect(result.message).toContain('the newest release cannot be installed here');
    expect(result.message).toContain('update the updater itself first');
    expect(on.files.readState()).toMatchObject({
      latest: '1.1.0',
      available: { version: '1.1.0', outcome: 'incompatible', reason: containing('update the updater itself first'), files: 0 },
    });
  });

  it('is up to date when what is installed is published anew in a later schema', async () => {
    const { on, edit } = await onSite(['1.0.0']);
    fs.writeFileSync(on.paths.version, '1.0.0\n');
    edit((manifest) => ({ ...manifest, schema: 2, files: 'something else' }));
    expect(await check(netDeps(on))).toMatchObject({ outcome: 'nothing', to: '1.0.0' });
    expect(on.files.readState()).toMatchObject({ latest: '1.0.0', available: null });
  });

  it('fails where a manifest of a later schema does not say what it is of', async () => {
    const { on, edit } = await onSite(['1.0.0']);
    edit(() => ({ schema: 2, release: '2026.11' }));
    await expect(check(netDeps(on))).rejects.toMatchObject({ code: 'RELEASE_INCOMPATIBLE' });
  });

  it.each([
    ['architecture', { requires: { arch: ['armhf'] } }, 'is for armhf, and this device is arm64'],
    ['version in between', { requires: { min_version: '1.5.0' } }, 'needs 1.5.0 to be installed first, and 1.0.0 is installed'],
    ['unknown action', { post_install: [{ reboot: true }] }, 'which this updater does not know'],
    ['unit of another program', { post_install: ['ssh'] }, "it asks to restart 'ssh.service'"],
    ['command without a signature', { post_install: [{ run: ['helpers/pikit-hello'] }] }, 'releases are not signed'],
  ])('says why a release is not for this device: %s', async (_name, change, why) => {
    const { on, edit } = await onSite(['1.0.0', '2.0.0']);
    edit((manifest) => ({ ...manifest, ...change }));
    const result = await check(netDeps(on));
    expect(result.outcome).toBe('nothing');
    expect(result.message).toContain(why);
    expect(on.files.readState().available).toMatchObject({ outcome: 'incompatible' });
  });

  it('does not believe the state file about signatures', async () => {
    const { on, edit } = await onSite(['1.0.0', '2.0.0']);
    on.files.writeState({ ...on.files.readState(), unsigned: false });
    edit((manifest) => ({ ...manifest, post_install: [{ run: ['helpers/pikit-hello'] }] }));
    expect((await check(netDeps(on))).message).toContain('releases are not signed');
  });

  it('refuses a clock that cannot be right, before it asks anybody', async () => {
    const { on, server } = await onSite(['1.0.0']);
    const deps = netDeps(on, { now: () => new Date('1970-01-01T00:00:12Z') });
    await expect(check(deps)).rejects.toMatchObject({ code: 'CLOCK_WRONG' });
    expect(server.seen).toEqual([]);
  });

  it('refuses the manifest of another branch', async () => {
    const { on, edit } = await onSite(['1.0.0']);
    edit((manifest) => ({ ...manifest, branch: 'beta' }));
    await expect(check(netDeps(on))).rejects.toMatchObject({ code: 'MANIFEST_INVALID', message: containing("branch 'beta'") });
  });
});

describe('what check leaves for the timer', () => {
  it.each([
    ['off', null],
    ['check', null],
    ['download', 'fetch'],
    ['install', 'apply'],
  ] as const)('auto = %s', async (auto, until) => {
    const { on } = await onSite(['1.0.0']);
    on.files.writeSettings({ ...on.files.readSettings(), auto });
    await check(netDeps(on, TIMER));
    const token = on.read('/run/pikit-update/next/fetch');
    expect(token === null ? null : JSON.parse(token)).toEqual(until === null ? null : { run: 'run-1', until, by: 'timer' });
  });

  const install: Settings = { branch: 'stable', auto: 'install', time: '04:20', skipped_version: null };

  it.each([
    ['started by hand', {}, install],
    ['no newer release', TIMER, install],
    ['skipped', TIMER, { ...install, skipped_version: '1.1.0' }],
  ])('is nothing: %s', async (name, deps, settings) => {
    const { on } = await onSite(name === 'no newer release' ? ['1.0.0'] : ['1.0.0', '1.1.0']);
    if (name === 'no newer release') fs.mkdirSync(on.at('/etc/pikit'), { recursive: true });
    if (name === 'no newer release') fs.writeFileSync(on.paths.version, '1.0.0\n');
    on.files.writeSettings(settings);
    await check(netDeps(on, deps));
    expect(on.read('/run/pikit-update/next/fetch')).toBeNull();
  });

  it('is nothing when the rollout has not reached this device, and by hand it is available all the same', async () => {
    const { on, edit } = await onSite(['1.0.0', '1.1.0']);
    on.files.writeSettings(install);
    edit((manifest) => ({ ...manifest, rollout: { percent: 0 } }));
    expect((await check(netDeps(on, TIMER))).message).toMatch(/1\.1\.0 goes to 0% of devices for now, and this device is in group \d+/);
    expect(on.read('/run/pikit-update/next/fetch')).toBeNull();
    expect((await check(netDeps(on))).outcome).toBe('ok');
  });

  it('is nothing for a version that the owner went back from, and says so', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    on.files.writeSettings(install);
    await fetchRelease(netDeps(on));
    const { apply } = await import('../../../lib/steps/apply.ts');
    await apply(rootDeps(on));
    await rollback(rootDeps(on));
    const deps = netDeps(on, TIMER);
    expect((await check(deps)).outcome).toBe('ok');
    expect(deps.said).toEqual([
      'notice: 1.1.0 will not be installed automatically because you rolled it back; run `pikit-update apply` to install it',
    ]);
    expect(on.read('/run/pikit-update/next/fetch')).toBeNull();
  });

  it('is not what an earlier run of the timer left', async () => {
    const { on } = await onSite(['1.0.0']);
    on.files.leaveToken('fetch', { run: 'killed', until: 'apply', by: 'timer' });
    await check(netDeps(on));
    expect(on.read('/run/pikit-update/next/fetch')).toBeNull();
  });

  it('leads to an installation even if the release was staged before, and asks for no download then', async () => {
    const { on, server } = await onSite(['1.0.0']);
    on.files.writeSettings(install);
    await fetchRelease(netDeps(on));
    server.seen.length = 0;
    await check(netDeps(on, TIMER));
    expect(on.read('/run/pikit-update/next/fetch')).not.toBeNull();
    fs.mkdirSync(on.paths.granted, { recursive: true });
    fs.renameSync(`${on.paths.next}/fetch`, `${on.paths.granted}/fetch`);
    await fetchRelease(netDeps(on));
    expect(on.read('/run/pikit-update/next/apply')).not.toBeNull();
    expect(server.paths()).toEqual(['/branches.json', '/manifest.json', '/branches.json', '/manifest.json']);
  });

  it('begins without what an earlier run of the timer was granted and has not come to', async () => {
    const { on } = await onSite(['1.0.0']);
    on.files.writeSettings(install);
    const tokens = (['fetch', 'apply'] as const).map((step) => tokenPath(on.paths, 'granted', step));
    for (const token of tokens) {
      fs.mkdirSync(dirname(token), { recursive: true });
      fs.writeFileSync(token, JSON.stringify({ run: 'before', until: 'apply', by: 'timer' }));
    }
    await check(netDeps(on));
    expect(tokens.map((token) => fs.existsSync(token))).toEqual([true, true]);
    await check(netDeps(on, TIMER));
    expect(tokens.map((token) => fs.existsSync(token))).toEqual([false, false]);
    expect(on.read('/run/pikit-update/next/fetch')).not.toBeNull();
  });

  it('is nothing when only a download is wanted and it is there', async () => {
    const { on } = await onSite(['1.0.0']);
    on.files.writeSettings({ ...install, auto: 'download' });
    await fetchRelease(netDeps(on));
    await check(netDeps(on, TIMER));
    expect(on.read('/run/pikit-update/next/fetch')).toBeNull();
    expect(on.files.readStaged()).toMatchObject({ version: '1.0.0' });
  });
});

describe('check with damaged files', () => {
  it.each([
    ['state.json', (paths: { state: string }) => paths.state],
    ['settings.json', (paths: { settings: string }) => paths.settings],
    ['staged', (paths: { staged: string }) => paths.staged],
  ])('keeps %s aside, says so once, and goes on', async (_name, pathOf) => {
    for (const garbage of ['', '{', '[]', '{"schema":1,"x":', '\0\0\0', '\uFEFF{}', '{"__proto__":{"a":1}}', 'null']) {
      const { on } = await onSite(['1.0.0']);
      await check(netDeps(on));
      const path = pathOf(on.paths);
      fs.writeFileSync(path, garbage);
      const deps = netDeps(on);
      const result = await check(deps);
      expect(result.outcome).toBe('ok');
      expect(deps.said).toHaveLength(1);
      expect(deps.said[0]).toContain(`moved it to '${path}.damaged'`);
      expect(fs.readFileSync(`${path}.damaged`, 'utf8')).toBe(garbage);
    }
  });

  it.each([
    ['the manifest', 'manifest.json', '{"version":'],
    ['what is known about it', 'manifest.json.meta', '{"etag":1}'],
    ['what is known about it, empty', 'manifest.json.meta', ''],
  ])('asks without conditions when the cache is damaged: %s', async (_name, file, garbage) => {
    const { on, server } = await onSite(['1.0.0']);
    await check(netDeps(on));
    fs.writeFileSync(`${on.paths.cacheDir}/source/${file}`, garbage);
    expect((await check(netDeps(on))).outcome).toBe('ok');
    expect(server.seen.at(-1)?.ifNoneMatch).toBeNull();
  });

  it('takes a version file with garbage in it for none, and says so', async () => {
    const { on } = await onSite(['1.0.0']);
    fs.writeFileSync(on.paths.version, 'banana\n');
    const deps = netDeps(on);
    expect((await check(deps)).message).toBe('1.0.0 is available (nothing is installed)');
    expect(deps.said).toEqual([`warning: ignoring '${on.paths.version}': it contains 'banana' instead of a version`]);
  });
});
