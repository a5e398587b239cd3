/** A withdrawal on its way: to a folder that a device reads, and to Gitea. */
import fs from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { promoteRelease } from '../../../../lib/release/builder/promote.ts';
import { publishSite } from '../../../../lib/release/publish/publish-site.ts';
import { takeOverSite } from '../../../../lib/release/site/take-over-site.ts';
import { verifySite } from '../../../../lib/release/verify/verify.ts';
import { withdrawnOn } from '../../../../lib/release/site/withdrawn.ts';
import type { BranchSite } from '../../../helpers/branch-site.ts';
import { branchSite } from '../../../helpers/branch-site.ts';
import { device, run, step } from '../../../helpers/device.ts';
import type { GiteaServer } from '../../../helpers/gitea-server.ts';
import { WRITER, giteaServer } from '../../../helpers/gitea-server.ts';
import { containing } from '../../../helpers/matchers.ts';
import { dashboard, release, snapshot, writeTree } from '../../../helpers/site-builder.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const { signal } = new AbortController();
let site: BranchSite;
beforeEach(async () => {
  fs.mkdirSync(join(dir(), 'a'));
  site = branchSite(join(dir(), 'a'));
  await site.build('1.4.0');
});

const publish = async (to: string, from = site.dir, branches: string[] = []) =>
  await publishSite({ site: from, to, branches, token: WRITER, verify: false, signal, onDone: () => undefined });

/** With the built program. */
async function withdraw(version: string, branch = 'stable'): Promise<unknown> {
  const ended = await run('pikit-release', null, { args: ['withdraw', version, '--site', site.dir, '--branch', branch, '--json'] });
  expect(ended).toMatchObject({ code: 0, err: '' });
  return JSON.parse(ended.out);
}

describe('in a folder', () => {
  const to = (): string => join(dir(), 'to');

  it('is what a device finds: it is not offered any more, and stays where it is installed', async () => {
    await publish(to());
    const on = device({ url: pathToFileURL(`${to()}/`).href });
    for (const name of ['check', 'fetch', 'apply'] as const) expect(await step(on, name)).toMatchObject({ code: 0 });
    await site.build('1.5.0');
    await publish(to());
    const late = device({ url: pathToFileURL(`${to()}/`).href });
    expect(await step(on, 'check')).toMatchObject({ code: 0, out: containing('1.5.0 is available') });
    for (const name of ['check', 'fetch', 'apply'] as const) expect(await step(late, name)).toMatchObject({ code: 0 });

    expect(await withdraw('1.5.0')).toMatchObject({ version: '1.5.0', offered: '1.4.0', sequence: 3, bundle_removed: true, already: false });
    const { done } = await publish(to());
    expect(done).toEqual(
      expect.arrayContaining(['copied manifest.json', 'removed manifests/stable/1.5.0.json', 'removed bundles/pikit-1.5.0.tar.gz']),
    );
    expect(await verifySite(to())).toMatchObject({ problems: [], notices: [] });
    expect(snapshot(to()).filter((line) => line.includes('1.5.0'))).toEqual([]);
    expect((await publish(to())).done).toEqual([]);

    expect(await step(on, 'check')).toMatchObject({ code: 0, out: containing('up to date: 1.4.0 is installed') });
    expect(await step(late, 'check')).toMatchObject({ code: 0, out: containing('the newest release is 1.4.0, and 1.5.0 is installed') });
    expect(late.read('/etc/pikit/version')?.trim()).toBe('1.5.0');
  });

  it('leaves a branch without a release, of which a device says so', async () => {
    await site.build('2.0.0-beta.1', 'beta');
    await publish(to());
    await withdraw('1.4.0');
    await publish(to(), site.dir, ['stable']);
    expect(snapshot(to()).filter((line) => line.includes('1.4.0') || line.startsWith('manifest.json') || line.startsWith('files/stable'))).toEqual(
      [],
    );
    expect(await step(device({ url: pathToFileURL(`${to()}/`).href }), 'check')).toMatchObject({ code: 1, err: containing('manifest.json') });
    expect((await publish(to())).done).toEqual([]);
  });

  it('is not undone by an old copy of the site, nor by a new one with other content', async () => {
    const old = join(dir(), 'old');
    fs.cpSync(site.dir, old, { recursive: true });
    await publish(to());
    await withdraw('1.4.0');
    await publish(to());
    await expect(publish(to(), old)).rejects.toMatchObject({ code: 'VERSION_NOT_NEWER', message: containing('1.4.0 was withdrawn') });
    fs.mkdirSync(join(dir(), 'b'));
    const anew = branchSite(join(dir(), 'b'));
    await release({ site: anew.dir, from: writeTree(join(dir(), 'x'), dashboard('x')), version: '1.4.0' });
    await expect(publish(to(), anew.dir)).rejects.toMatchObject({ code: 'RELEASE_CHANGED' });
  });

  it('is remembered by a site that is taken over', async () => {
    await site.build('1.5.0');
    await withdraw('1.5.0');
    await publish(to());
    const again = join(dir(), 'again');
    await takeOverSite({ site: again, from: to(), token: null, signal });
    expect(withdrawnOn(again, 'stable')).toEqual(withdrawnOn(site.dir, 'stable'));
    expect(snapshot(again)).toEqual(snapshot(site.dir));
  });

  it('removes nothing that is another release under its number', async () => {
    await site.build('1.5.0');
    await withdraw('1.5.0');
    writeTree(to(), { 'bundles/pikit-1.5.0.tar.gz': 'of another', 'manifests/stable/1.5.0.json': '{}' });
    await publish(to());
    expect(fs.readFileSync(join(to(), 'bundles/pikit-1.5.0.tar.gz'), 'utf8')).toBe('of another');
    expect(fs.readFileSync(join(to(), 'manifests/stable/1.5.0.json'), 'utf8')).toBe('{}');
  });
});

describe('on Gitea', () => {
  let gitea: GiteaServer;
  const to = (): string => `gitea:${gitea.url}`;
  beforeEach(async () => {
    gitea = await giteaServer();
    await publish(to());
  });
  afterEach(async () => {
    await gitea.close();
  });

  it('takes manifest and bundle away, so that the release before is what devices find', async () => {
    await site.build('1.5.0');
    await publish(to());
    await withdraw('1.5.0');
    const { done } = await publish(to());
    expect(done).toEqual([
      'uploaded manifest.json to v1.4.0',
      'deleted an old manifest.json of v1.4.0',
      'removed manifest.json from v1.5.0, which was withdrawn',
      'removed pikit-1.5.0.tar.gz from v1.5.0, which was withdrawn',
    ]);
    expect(gitea.summary()).toMatchObject({
      'v1.5.0': [],
      'v1.4.0': ['branches.json', 'manifest.json', 'pikit-1.4.0.tar.gz'],
    });
    expect((await publish(to())).done).toEqual([]);
    const on = device({ url: gitea.url, toml: '' });
    fs.writeFileSync(on.paths.config, fs.readFileSync(on.paths.config, 'utf8').replace('type = "static"', 'type = "gitea"'));
    expect(await step(on, 'check')).toMatchObject({ code: 0, out: containing('1.4.0 is available') });
  });

  it.each([1, 2, 3, 4].flatMap((n) => (['before', 'after'] as const).map((how) => ({ n, how }))))(
    'goes on after a cut: $n $how',
    async ({ n, how }) => {
      await site.build('1.5.0');
      await publish(to());
      await withdraw('1.5.0');
      // Reads are requests as well: the cut hits the n-th write, wherever that is.
      let writes = 0;
      gitea.afterEach(() => {
        writes = gitea.writes().length;
      });
      const start = gitea.writes().length;
      gitea.cutAt(n + 4, how);
      await publish(to()).catch(() => undefined);
      gitea.cutAt(0, 'before');
      await publish(to());
      expect(writes).toBeGreaterThan(start);
      expect(gitea.summary()).toMatchObject({
        'v1.5.0': [],
        'v1.4.0': ['branches.json', 'manifest.json', 'pikit-1.4.0.tar.gz'],
      });
    },
  );

  it('keeps what another branch has of it', async () => {
    await site.build('1.5.0', 'beta');
    const released = new Date('2026-11-21T10:00:00Z');
    await promoteRelease({ site: site.dir, version: '1.5.0', from: 'beta', to: 'stable', released, rolloutPercent: null });
    await publish(to());
    await withdraw('1.5.0');
    await publish(to());
    expect(gitea.summary()['v1.5.0']).toEqual(['manifest_beta.json', 'pikit-1.5.0.tar.gz']);
  });

  it('takes the first release of a branch away', async () => {
    await site.build('2.0.0-beta.1', 'beta');
    await publish(to());
    await withdraw('2.0.0-beta.1', 'beta');
    await publish(to());
    expect(gitea.summary()).toMatchObject({ 'v2.0.0-beta.1 prerelease': [] });
    expect((await publish(to())).done).toEqual([]);
  });

  it('refuses what is lower and was not withdrawn, and other content under a withdrawn version', async () => {
    await site.build('1.5.0');
    await publish(to());
    const tree = writeTree(join(dir(), 'x'), dashboard('x'));
    fs.mkdirSync(join(dir(), 'b'));
    const anew = branchSite(join(dir(), 'b'));
    for (const version of ['1.0.0', '1.1.0', '1.2.0', '1.3.0']) await release({ site: anew.dir, from: tree, version });
    await expect(publish(to(), anew.dir)).rejects.toMatchObject({ code: 'VERSION_NOT_NEWER', message: containing('which is newer than 1.3.0') });
    await withdraw('1.5.0');
    await publish(to());
    for (const version of ['1.4.1', '1.5.0']) await release({ site: anew.dir, from: tree, version });
    await expect(publish(to(), anew.dir)).rejects.toMatchObject({ code: 'RELEASE_CHANGED', message: containing('had 1.5.0 with other content') });
  });
});
