import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bundleName, parseManifest } from '../../../../lib/core/release/manifest.ts';
import { findFile, parseGiteaReleases } from '../../../../lib/core/network/gitea.ts';
import { releaseJson } from '../../../helpers/gitea-repository.ts';
import type { PublishOptions, PublishReport } from '../../../../lib/release/publish/publish-site.ts';
import { publishSite } from '../../../../lib/release/publish/publish-site.ts';
import { addBranch, editBranches } from '../../../../lib/release/site/site-branches.ts';
import type { BranchSite } from '../../../helpers/branch-site.ts';
import { branchSite } from '../../../helpers/branch-site.ts';
import type { Cut, GiteaServer } from '../../../helpers/gitea-server.ts';
import { READER, WRITER, giteaServer } from '../../../helpers/gitea-server.ts';
import { containing, matching } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
let server: GiteaServer;
let site: BranchSite;

beforeEach(async () => {
  server = await giteaServer({ pageSize: 2 });
  fs.mkdirSync(join(dir(), 'a'));
  site = branchSite(join(dir(), 'a'));
  await site.build('1.0.0');
  site.list('beta');
});
afterEach(async () => {
  await server.close();
});

function publish(options: Partial<PublishOptions> = {}): Promise<PublishReport> {
  const signal = new AbortController().signal;
  return publishSite({
    site: site.dir,
    to: `gitea:${server.url}`,
    branches: [],
    token: WRITER,
    verify: false,
    signal,
    onDone: () => undefined,
    ...options,
  });
}

/** What a device finds on a branch: version of the manifest, and whether the bundle it names is there. */
function offered(branch: string): string {
  const list = parseGiteaReleases(Buffer.from(JSON.stringify(server.releases.map((release) => releaseJson(release, server.url)))), 'x');
  const get = (path: string): Buffer | null => {
    const found = findFile(list, path, branch);
    return 'missing' in found ? null : (server.find(found.release.tag_name, found.asset)?.asset.bytes ?? null);
  };
  const bytes = get(branch === 'stable' ? 'manifest.json' : `manifest_${branch}.json`);
  if (bytes === null) return 'nothing';
  const manifest = parseManifest(bytes);
  const bundle = get(`bundles/${bundleName(manifest)}`);
  return `${manifest.version}${bundle?.equals(site.bundle(manifest.version)) === true ? '' : ' WITHOUT ITS BUNDLE'}`;
}

/** The assets of every release that can be seen by everybody, half ones marked. */
function halfReleases(): string[] {
  const visible = server.releases.filter(({ draft }) => !draft);
  return visible.flatMap(({ tag, assets }) => {
    const names = assets.map(({ name }) => name);
    const isWhole =
      assets.some(({ name, bytes }) => name.endsWith('.tar.gz') && bytes.equals(site.bundle(tag.slice(1)))) &&
      names.some((name) => name.startsWith('manifest'));
    return isWhole ? [] : [`${tag} has ${names.join(', ')}`];
  });
}

describe('publishing to Gitea', () => {
  it('makes a release, complete before anybody sees it', async () => {
    const shown: string[] = [];
    server.afterEach(() => shown.push(JSON.stringify(server.summary())));
    const report = await publish();
    expect(report).toEqual({
      to: `gitea:${server.url}`,
      branches: [{ branch: 'stable', version: '1.0.0' }],
      done: [
        'created the draft v1.0.0',
        'uploaded pikit-1.0.0.tar.gz to v1.0.0',
        'uploaded manifest.json to v1.0.0',
        'published v1.0.0',
        'uploaded branches.json to v1.0.0',
        'uploaded branches_sequence.json to v1.0.0',
      ],
      notices: [],
    });
    expect(shown.slice(0, 5)).toEqual([
      '{}',
      '{"v1.0.0 draft":[]}',
      '{"v1.0.0 draft":["pikit-1.0.0.tar.gz"]}',
      '{"v1.0.0 draft":["manifest.json","pikit-1.0.0.tar.gz"]}',
      '{"v1.0.0":["manifest.json","pikit-1.0.0.tar.gz"]}',
    ]);
    expect(server.summary()).toEqual({ 'v1.0.0': ['branches.json', 'branches_sequence.json', 'manifest.json', 'pikit-1.0.0.tar.gz'] });
    expect(offered('stable')).toBe('1.0.0');
  });

  it('writes nothing the second time', async () => {
    await site.build('1.1.0-beta.1', 'beta');
    await publish();
    const before = JSON.stringify(server.releases);
    server.requests.length = 0;
    expect((await publish()).done).toEqual([]);
    expect(server.writes()).toEqual([]);
    expect(server.requests.map(({ url }) => url.replace('/owner/repo/releases/download/', ''))).toEqual([
      '/api/v1/repos/owner/repo/releases?limit=50&page=1',
      'v1.0.0/manifest.json',
      'v1.1.0-beta.1/manifest_beta.json',
      'v1.1.0-beta.1/branches.json',
      'v1.1.0-beta.1/branches_sequence.json',
      'v1.0.0/manifest.json',
      'v1.1.0-beta.1/manifest_beta.json',
    ]);
    expect(JSON.stringify(server.releases)).toBe(before);
  });

  it('keeps pre-releases apart, and promotes one as it is', async () => {
    await site.build('1.1.0', 'beta');
    await publish();
    expect(Object.keys(server.summary())).toEqual(['v1.1.0 prerelease', 'v1.0.0']);
    expect([offered('stable'), offered('beta')]).toEqual(['1.0.0', '1.1.0']);
    const bundle = server.find('v1.1.0', 'pikit-1.1.0.tar.gz')?.asset.id;
    site.promote('beta', 'stable');
    expect((await publish()).done).toEqual(['uploaded manifest.json to v1.1.0', 'published v1.1.0']);
    expect(server.find('v1.1.0', 'pikit-1.1.0.tar.gz')?.asset.id).toBe(bundle);
    expect([offered('stable'), offered('beta')]).toEqual(['1.1.0', '1.1.0']);
  });

  it('replaces the list of branches where devices look for it', async () => {
    await publish();
    await site.build('1.1.0');
    site.list('beta', 'nightly');
    expect((await publish()).done.slice(-4, -2)).toEqual(['uploaded branches.json to v1.0.0', 'deleted an old branches.json of v1.0.0']);
    expect(server.find('v1.0.0', 'branches.json')?.asset.bytes.toString()).toBe(fs.readFileSync(join(site.dir, 'branches.json'), 'utf8'));
    expect(server.find('v1.1.0', 'branches.json')).toBeNull();
  });

  it('publishes the chosen branches only', async () => {
    await site.build('1.1.0', 'beta');
    await publish({ branches: ['beta'] });
    expect(server.summary()).toEqual({
      'v1.1.0 prerelease': ['branches.json', 'branches_sequence.json', 'manifest_beta.json', 'pikit-1.1.0.tar.gz'],
    });
    await expect(publish({ branches: ['nightly'] })).rejects.toMatchObject({ code: 'USAGE', hint: 'branches with a release: stable, beta' });
  });

  it('goes back off stable: what was in front is withdrawn, after the other is there', async () => {
    await site.build('2.0.0', 'beta');
    await publish();
    site.promote('stable', 'beta');
    const seen: string[] = [];
    server.afterEach(() => seen.push(offered('beta')));
    expect((await publish()).done).toEqual([
      'uploaded manifest_beta.json to v1.0.0',
      'removed manifest_beta.json from v2.0.0, so that 1.0.0 is what devices find',
    ]);
    expect([...new Set(seen)]).toEqual(['2.0.0', '1.0.0']);
    expect((await publish()).done).toEqual([]);
  });

  it('replaces half a bundle, one of two, and a manifest that has changed', async () => {
    await publish();
    const [release] = server.releases;
    if (release === undefined) throw new Error('no release');
    release.assets = release.assets.filter(({ name }) => name.startsWith('branches'));
    server.addAsset(release, 'pikit-1.0.0.tar.gz', site.bundle('1.0.0').subarray(1));
    server.addAsset(release, 'pikit-1.0.0.tar.gz', site.bundle('1.0.0'));
    server.addAsset(release, 'manifest.json', '{"old": true}');
    server.addAsset(release, 'notes.pdf', 'not ours');
    expect((await publish()).done).toEqual([
      'deleted an old pikit-1.0.0.tar.gz of v1.0.0',
      'uploaded manifest.json to v1.0.0',
      'deleted an old manifest.json of v1.0.0',
    ]);
    expect(server.summary()).toEqual({ 'v1.0.0': ['branches.json', 'branches_sequence.json', 'manifest.json', 'notes.pdf', 'pikit-1.0.0.tar.gz'] });
    expect(offered('stable')).toBe('1.0.0');
  });

  it('takes a bundle by its size, and by its bytes when asked to', async () => {
    await publish();
    const asset = server.find('v1.0.0', 'pikit-1.0.0.tar.gz')?.asset;
    asset?.bytes.fill(0);
    expect((await publish()).done).toEqual([]);
    expect((await publish({ verify: true })).done).toEqual(['uploaded pikit-1.0.0.tar.gz to v1.0.0', 'deleted an old pikit-1.0.0.tar.gz of v1.0.0']);
    expect((await publish({ verify: true })).done).toEqual([]);
  });

  it('completes a release that was made by hand, without a v in its tag', async () => {
    server.add({ tag: '1.0.0', assets: { 'notes.pdf': 'x' } });
    await publish();
    expect(server.summary()).toEqual({ '1.0.0': ['branches.json', 'branches_sequence.json', 'manifest.json', 'notes.pdf', 'pikit-1.0.0.tar.gz'] });
  });

  it('does not need to download from a draft', async () => {
    server.options.hidesDraftAssets = true;
    server.cutAt(5, 'before');
    await expect(publish()).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    expect(server.summary()).toEqual({ 'v1.0.0 draft': ['manifest.json', 'pikit-1.0.0.tar.gz'] });
    expect((await publish()).done).toEqual([
      'uploaded manifest.json to v1.0.0',
      'deleted an old manifest.json of v1.0.0',
      'published v1.0.0',
      'uploaded branches.json to v1.0.0',
      'uploaded branches_sequence.json to v1.0.0',
    ]);
  });

  it('stops when it is cancelled, and says how to resume', async () => {
    const cancel = new AbortController();
    const onDone = (): void => {
      cancel.abort();
    };
    await expect(publish({ signal: cancel.signal, onDone })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(server.summary()).toEqual({ 'v1.0.0 draft': [] });
  });
});

describe('a repository that has something else', () => {
  it('is not given another release under a version that devices may have', async () => {
    await publish();
    fs.mkdirSync(join(dir(), 'b'));
    const mine = site;
    site = branchSite(join(dir(), 'b'));
    await site.build('1.0.0');
    const manifest = server.find('v1.0.0', 'manifest.json')?.asset;
    if (manifest !== undefined)
      manifest.bytes = Buffer.from(manifest.bytes.toString().replace(/("name":"pikit-1.0.0.tar.gz".*?"sha256":")[0-9a-f]{4}/, '$1dead'));
    const before = JSON.stringify(server.releases);
    await expect(publish()).rejects.toMatchObject({ code: 'RELEASE_CHANGED', message: matching('has 1.0.0 already, with other content') });
    expect(JSON.stringify(server.releases)).toBe(before);
    site = mine;
  });

  it.each([
    ['stable', '1.1.0', 'stable'],
    ['beta', '1.1.0-beta.2', 'beta'],
  ])('newer on %s is left alone by an old copy of the site', async (branch, newer) => {
    if (branch === 'beta') await site.build('1.1.0-beta.1', 'beta');
    fs.cpSync(site.dir, join(dir(), 'copy'), { recursive: true });
    await site.build(newer, branch);
    await publish();
    const before = JSON.stringify(server.releases);
    await expect(publish({ site: join(dir(), 'copy') })).rejects.toMatchObject({
      code: 'VERSION_NOT_NEWER',
      message: matching(`has ${newer} on the branch '${branch}'`),
    });
    expect(JSON.stringify(server.releases)).toBe(before);
  });

  it('keeps what others have changed in the list of branches', async () => {
    await site.build('1.1.0', 'beta');
    await publish();
    const copy = join(dir(), 'copy');
    fs.cpSync(site.dir, copy, { recursive: true });
    addBranch(site.dir, 'nightly', {});
    editBranches(site.dir, ['beta'], { enabled: false });
    await publish();
    const list = (): Buffer | undefined => server.find('v1.1.0', 'branches.json')?.asset.bytes;
    const published = list();
    expect(JSON.parse(published?.toString() ?? '')).toMatchObject([{ name: 'beta', enabled: false }, { name: 'nightly' }]);
    await expect(publish({ site: copy })).rejects.toMatchObject({
      code: 'VERSION_NOT_NEWER',
      message: matching("entry of the branch '(beta|nightly)'"),
    });
    await expect(publish({ site: copy, branches: ['beta'] })).rejects.toMatchObject({ code: 'VERSION_NOT_NEWER' });
    expect((await publish({ site: copy, branches: ['stable'] })).done).toEqual([]);
    expect(list()).toEqual(published);
  });

  it('with a higher version on stable would hide ours, whatever its sequence says', async () => {
    server.add({
      tag: 'v9.0.0',
      assets: { 'manifest.json': '{"version":"9.0.0","changelog":"","files":[{"path":"a","sha256":"' + 'a'.repeat(64) + '"}]}' },
    });
    await expect(publish()).rejects.toMatchObject({ code: 'VERSION_NOT_NEWER', message: containing('has 9.0.0') });
  });
});

describe('a server that refuses', () => {
  it.each<[string, () => void, Partial<PublishOptions>, string, RegExp, RegExp]>([
    ['wrong-token', () => undefined, { token: 'wrong' }, 'HTTP_STATUS', /does not accept the token \(HTTP 401\)/, /PIKIT_RELEASE_TOKEN/],
    ['reader', () => undefined, { token: READER }, 'HTTP_STATUS', /creating the release v1.0.0: .* \(HTTP 403: user should have/, /write:repository/],
    ['no-repository', () => undefined, { to: 'gitea:BASE/not/here' }, 'NOT_FOUND', /has no such repository/, /check --to/],
    ['empty', () => (server.options.isEmpty = true), {}, 'HTTP_STATUS', /creating the release v1.0.0: .*HTTP 422: repo is empty/, /needs a commit/],
    [
      'too-large',
      () => (server.options.maxBytes = 10),
      {},
      'HTTP_STATUS',
      /uploading 'pikit-1.0.0.tar.gz' to v1.0.0: .*HTTP 413/,
      /client_max_body_size/,
    ],
    ['type', () => (server.options.allowed = /gz$/), {}, 'HTTP_STATUS', /uploading 'manifest.json' .*HTTP 400: This file/, /ALLOWED_TYPES/],
    [
      'down',
      () => (server.options.refuse = { status: 503, headers: { 'retry-after': '90' } }),
      {},
      'SERVER_ERROR',
      /HTTP 503/,
      /in 2 min: run the same/,
    ],
    [
      'moved',
      () => (server.options.formerName = 'old/name'),
      { to: 'gitea:BASE/old/name' },
      'HTTP_STATUS',
      /has moved to '.*\/owner\/repo'/,
      /use its new address: --to gitea:http:\/\/127\.0\.0\.1:\d+\/owner\/repo$/,
    ],
    ['login-page', () => (server.options.refuse = { status: 200, body: '<html>' }), {}, 'CAPTIVE_PORTAL', /sent a web page/, /log in/],
    ['no-json', () => (server.options.refuse = { status: 200, body: 'hello' }), {}, 'HTTP_PROTOCOL', /not valid JSON/, /./],
  ])('%s', async (_name, arrange, options, code, message, hint) => {
    arrange();
    const to = options.to === undefined ? {} : { to: options.to.replace('BASE', new URL(server.url).origin) };
    const failure: unknown = await publish({ ...options, ...to }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, message: matching(message), ...(code === 'HTTP_PROTOCOL' ? {} : { hint: matching(hint) }) });
    expect(JSON.stringify(failure) + String(failure)).not.toMatch(/token-of|wrong$/);
    expect(halfReleases()).toEqual([]);
  });
});

describe('a line that breaks', () => {
  it.each<[Cut]>([['before'], ['after'], ['half']])(
    '%s any request leaves nothing half, and the next run completes it',
    async (how) => {
      let cases = 0;
      const before = join(dir(), 'before');
      fs.cpSync(site.dir, before, { recursive: true });
      // A new version on stable, the first one on beta, a new list: everything that publishing does.
      await site.build('1.1.0');
      await site.build('1.2.0', 'beta');
      site.list('beta', 'nightly');
      for (let n = 1; ; n += 1) {
        server.releases.length = 0;
        await publish({ site: before });
        const seen = new Set<string>();
        const bad: string[] = [];
        server.afterEach(() => {
          bad.push(...halfReleases());
          seen.add(`${offered('stable')}, ${offered('beta')}`);
        });
        server.cutAt(n, how);
        const isCut = await publish().then(
          () => false,
          () => true,
        );
        server.cutAt(0, how);
        await publish();
        server.requests.length = 0;
        expect((await publish()).done).toEqual([]);
        expect(server.writes()).toEqual([]);
        expect(bad).toEqual([]);
        expect([...seen].filter((state) => !['1.0.0, nothing', '1.1.0, nothing', '1.1.0, 1.2.0'].includes(state))).toEqual([]);
        expect(server.summary()).toEqual({
          'v1.0.0': ['branches.json', 'branches_sequence.json', 'manifest.json', 'pikit-1.0.0.tar.gz'],
          'v1.1.0': ['manifest.json', 'pikit-1.1.0.tar.gz'],
          'v1.2.0 prerelease': ['manifest_beta.json', 'pikit-1.2.0.tar.gz'],
        });
        server.afterEach(() => undefined);
        if (!isCut) break;
        cases += 1;
      }
      expect(cases).toBeGreaterThanOrEqual(12);
    },
    300_000,
  );
});
