/** The whole way from a site to a device, over every kind of hosting that docs/hosting.md names. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { apply } from '../../../lib/steps/apply.ts';
import { check } from '../../../lib/steps/check.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { publishSite } from '../../../lib/release/publish/publish-site.ts';
import type { Device } from '../../helpers/device.ts';
import { NOW, device, netDeps, rootDeps, temporary } from '../../helpers/device.ts';
import type { GiteaOptions, GiteaServer } from '../../helpers/gitea-server.ts';
import { READER, WRITER, giteaServer } from '../../helpers/gitea-server.ts';
import type { Hosting } from '../../helpers/hosting.ts';
import { answerOf, host } from '../../helpers/hosting.ts';
import type { ReleaseServer } from '../../helpers/release-server.ts';
import { releaseServer } from '../../helpers/release-server.ts';
import { matching } from '../../helpers/matchers.ts';
import { dashboard, emptySite, release, writeTree } from '../../helpers/site-builder.ts';
import { tufRepository } from '../../helpers/tuf-repository.ts';

async function siteWith(version: string): Promise<string> {
  const base = temporary();
  const site = emptySite(base);
  // Bytes that cannot be compressed away: a bundle that is cut in the middle has a middle.
  const files = {
    ...dashboard(version),
    'pikit-web/blob': Buffer.concat(Array.from({ length: 1600 }, (_value, n) => createHash('sha256').update(String(n)).digest())),
  };
  await release({ site, from: writeTree(join(base, 'tree'), files), version });
  return site;
}

async function started(): Promise<ReleaseServer> {
  const server = await releaseServer();
  onTestFinished(server.close);
  return server;
}

const TIMER = { byTimer: true };

function index(on: Device): string | null {
  return on.read('/var/www/pikit-web/index.html');
}

describe('a web server', () => {
  it.each<[string, Hosting, { same: number; resumes: boolean }]>([
    ['etag-only', { etag: 'strong', ranges: true }, { same: 304, resumes: true }],
    ['last-modified-only', { lastModified: true, ranges: true }, { same: 200, resumes: true }],
    ['both', { etag: 'strong', lastModified: true, ranges: true }, { same: 304, resumes: true }],
    ['weak-etag', { etag: 'weak', ranges: true }, { same: 304, resumes: true }],
    ['no-validator', { ranges: true }, { same: 200, resumes: true }],
    ['no-range', { etag: 'strong' }, { same: 304, resumes: false }],
    ['nothing-at-all', {}, { same: 200, resumes: false }],
    ['without-length', { etag: 'strong', ranges: true, chunked: true }, { same: 304, resumes: true }],
  ])('%s', async (_name, hosting, expected) => {
    const site = await siteWith('1.0.0');
    for (const cdn of [undefined, await started()]) {
      const server = await started();
      const style = { ...hosting, ...(cdn === undefined ? {} : { cdn }) };
      host(server, site, style);
      const on = device({ url: server.url('/').href });
      await check(netDeps(on, TIMER));
      server.requests.length = 0;
      await check(netDeps(on, TIMER));
      const manifests = server.requests.filter(({ url }) => url === '/manifest.json');
      const isConditional = manifests.map(({ headers }) => headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined);
      expect(isConditional).toEqual([expected.same === 304]);
      expect(server.requests.filter(({ url }) => url.startsWith('/bundles/'))).toEqual([]);

      // The line breaks in the middle, and the next run goes on as well as the server lets it.
      const bundle = fs.readFileSync(join(site, 'bundles/pikit-1.0.0.tar.gz'));
      const holder = cdn ?? server;
      const path = cdn === undefined ? '/bundles/pikit-1.0.0.tar.gz' : '/signed/bundles/pikit-1.0.0.tar.gz?x=1';
      const answer = answerOf(bundle, hosting);
      holder.at(path, { ...answer, after: { bytes: 20_000, then: 'end' } }, answer);
      await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
      await fetchRelease(netDeps(on));
      const asked = holder.requests.filter(({ url }) => url === path);
      expect(asked).toHaveLength(2);
      expect(on.files.readStaged()).toMatchObject({ version: '1.0.0' });
      expect(fs.readFileSync(join(on.paths.cacheDir, '1.0.0/bundle.tar.gz')).equals(bundle)).toBe(true);
      if (expected.resumes) expect(asked[1]?.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
      await apply(rootDeps(on));
      expect(index(on)).toContain('1.0.0');
    }
  });

  it('without a list of its folders, and with pages for what is not there', async () => {
    const server = await started();
    host(server, await siteWith('1.0.0'), { etag: 'strong' });
    for (const path of ['/', '/bundles/', '/index.html']) server.at(path, { status: 403, body: '<html>' });
    const on = device({ url: server.url('/').href });
    await fetchRelease(netDeps(on));
    expect(server.requests.filter(({ url }) => url.endsWith('/') || url.endsWith('html'))).toEqual([]);
  });
});

describe('a folder, on a USB stick for example', () => {
  it('gives the same bytes, by the same rules', async () => {
    const site = await siteWith('1.0.0');
    const stick = join(temporary(), 'My Stick');
    await publishTo(site, stick);
    const on = device({ url: pathToFileURL(stick).href });
    expect(await check(netDeps(on))).toMatchObject({ message: '1.0.0 is available (nothing is installed)' });
    expect(await check(netDeps(on))).toMatchObject({ message: '1.0.0 is available (nothing is installed)' });
    await fetchRelease(netDeps(on));
    await apply(rootDeps(on));
    expect(index(on)).toContain('1.0.0');
    expect(await check(netDeps(on))).toMatchObject({ message: 'up to date: 1.0.0 is installed' });
  });

  it('is verified as anything else is', async () => {
    const site = await siteWith('1.0.0');
    const on = device({ url: pathToFileURL(site).href });
    const bundle = join(site, 'bundles/pikit-1.0.0.tar.gz');
    const bytes = fs.readFileSync(bundle);
    bytes.writeUInt8(bytes.readUInt8(500) ^ 1, 500);
    fs.writeFileSync(bundle, bytes);
    await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    expect(on.files.readStaged()).toBeNull();
    expect(index(on)).toBeNull();
  });

  it('that is not plugged in says so, and nothing that is known gets lost', async () => {
    const site = await siteWith('1.0.0');
    const on = device({ url: pathToFileURL(site).href });
    await check(netDeps(on));
    fs.writeFileSync(on.paths.config, fs.readFileSync(on.paths.config, 'utf8').replace('retries = 0', 'retries = 1'));
    fs.renameSync(site, `${site}.away`);
    const deps = netDeps(on);
    await expect(check(deps)).rejects.toMatchObject({
      code: 'OFFLINE',
      message: matching("/site' is not there"),
      hint: matching('is the stick plugged in'),
    });
    expect(deps.said.filter((line) => line.includes('retrying'))).toEqual([]);
    fs.renameSync(`${site}.away`, site);
    fs.renameSync(join(site, 'bundles'), join(site, 'lost'));
    const fetching = netDeps(on);
    await expect(fetchRelease(fetching)).rejects.toMatchObject({ code: 'NOT_FOUND', hint: matching('was not copied there completely') });
    expect(fetching.said.filter((line) => line.includes('retrying'))).toEqual([]);
    expect(on.files.readState()).toMatchObject({ latest: '1.0.0', available: { version: '1.0.0' } });
  });
});

async function publishTo(site: string, to: string): Promise<void> {
  const signal = new AbortController().signal;
  await publishSite({ site, to, branches: [], token: WRITER, verify: false, signal, onDone: () => undefined });
}

describe('releases on Gitea', () => {
  async function gitea(options: Partial<GiteaOptions>): Promise<{ server: GiteaServer; on: Device }> {
    const server = await giteaServer(options);
    onTestFinished(server.close);
    await publishTo(await siteWith('1.0.0'), `gitea:${server.url}`);
    server.requests.length = 0;
    const on = device();
    const toml = fs.readFileSync(on.paths.config, 'utf8').replace(/type = .*\nurl = .*/, `type = "gitea"\nurl = "${server.url}"`);
    fs.writeFileSync(on.paths.config, toml);
    return { server, on };
  }

  it('are installed from a private repository, and the token is nowhere afterwards', async () => {
    const { server, on } = await gitea({ isPrivate: true, storage: true });
    fs.writeFileSync(on.at('/etc/pikit/source-token'), `${READER}\n`, { mode: 0o600 });
    const said: string[] = [];
    for (const step of [check, fetchRelease]) {
      const deps = netDeps(on);
      said.push((await step(deps)).message, ...deps.said);
    }
    server.options.refuse = { status: 500 };
    const deps = netDeps(on);
    const failure: unknown = await check(deps).catch((error: unknown) => error);
    said.push(JSON.stringify(failure), String(failure), ...deps.said);
    await apply(rootDeps(on));
    expect(index(on)).toContain('1.0.0');
    fs.rmSync(on.at('/etc/pikit/source-token'));
    expect(said.join('\n')).not.toContain(READER);
    const files = fs.readdirSync(on.root, { recursive: true, encoding: 'utf8' }).filter((path) => fs.statSync(join(on.root, path)).isFile());
    expect(files.length).toBeGreaterThan(5);
    expect(files.filter((path) => fs.readFileSync(join(on.root, path)).includes(READER))).toEqual([]);
    expect(server.storageRequests.map(({ authorization }) => authorization).filter((header) => header !== null)).toEqual([]);
    expect(server.storageRequests.length).toBeGreaterThan(0);
  });

  it('cost one request besides the documents when nothing is new', async () => {
    const { server, on } = await gitea({});
    await check(netDeps(on, TIMER));
    server.requests.length = 0;
    await check(netDeps(on, TIMER));
    const lists = server.requests.filter(({ url }) => url.includes('/api/'));
    expect(lists).toHaveLength(1);
    const documents = server.requests.filter(({ url }) => !url.includes('/api/'));
    expect(documents.length).toBeLessThanOrEqual(2);
    expect(documents.map(({ status }) => status)).toEqual(documents.map(() => 304));
  });

  it('go on where a download stopped', async () => {
    const { server, on } = await gitea({});
    await check(netDeps(on));
    const asset = server.find('v1.0.0', 'pikit-1.0.0.tar.gz')?.asset.bytes ?? Buffer.alloc(0);
    const dir = join(on.paths.cacheDir, '1.0.0');
    fs.mkdirSync(dir, { recursive: true });
    fs.writeFileSync(join(dir, 'bundle.tar.gz.partial'), asset.subarray(0, 10_000));
    const manifest: unknown = JSON.parse(server.find('v1.0.0', 'manifest.json')?.asset.bytes.toString() ?? '');
    const facts = { url: `${server.url}/releases/download/v1.0.0/pikit-1.0.0.tar.gz`, validator: null, sha256: digestOf(manifest) };
    fs.writeFileSync(join(dir, 'bundle.tar.gz.partial.json'), JSON.stringify(facts));
    await fetchRelease(netDeps(on));
    expect(on.files.readStaged()).toMatchObject({ version: '1.0.0' });
    expect(server.requests.at(-1)).toMatchObject({ status: 206 });
  });

  it('say that a token may be missing where signed metadata is wanted and nothing is to be seen', async () => {
    const { on } = await gitea({ isPrivate: true });
    fs.mkdirSync(dirname(on.paths.trustRoot), { recursive: true });
    fs.writeFileSync(on.paths.trustRoot, tufRepository({ now: NOW }).initialRoot);
    await expect(check(netDeps(on))).rejects.toMatchObject({
      code: 'SIGNATURE_MISSING',
      hint: matching(/^this device installs signed releases only.*; check source\.url.*a private repository needs a token/),
    });
  });

  it('say that a token is missing', async () => {
    const { on } = await gitea({ isPrivate: true });
    await expect(check(netDeps(on))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: matching('a private repository needs a token in /etc/pikit/source-token'),
    });
  });
});

function digestOf(manifest: unknown): unknown {
  const bundle: unknown = typeof manifest === 'object' && manifest !== null && 'bundle' in manifest ? manifest.bundle : null;
  return typeof bundle === 'object' && bundle !== null && 'sha256' in bundle ? bundle.sha256 : null;
}
