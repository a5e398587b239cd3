import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { publishSite } from '../../../../lib/release/publish/publish-site.ts';
import { takeOverSite } from '../../../../lib/release/site/take-over-site.ts';
import { verifySite } from '../../../../lib/release/verify/verify.ts';
import { withdrawRelease } from '../../../../lib/release/site/withdraw.ts';
import type { BranchSite } from '../../../helpers/branch-site.ts';
import { branchSite } from '../../../helpers/branch-site.ts';
import type { GiteaServer } from '../../../helpers/gitea-server.ts';
import { WRITER, giteaServer } from '../../../helpers/gitea-server.ts';
import { host } from '../../../helpers/hosting.ts';
import { matching } from '../../../helpers/matchers.ts';
import { releaseServer } from '../../../helpers/release-server.ts';
import { release, snapshot, writeTree } from '../../../helpers/site-builder.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const { signal } = new AbortController();
let site: BranchSite;
let gitea: GiteaServer | null = null;
beforeEach(async () => {
  fs.mkdirSync(join(dir(), 'a'));
  site = branchSite(join(dir(), 'a'));
  await site.build('1.0.0');
});
afterEach(async () => {
  await gitea?.close();
  gitea = null;
});
const again = (): string => join(dir(), 'again');
const publish = (to: string, from = site.dir): Promise<unknown> =>
  publishSite({ site: from, to, branches: [], token: WRITER, verify: false, signal, onDone: () => undefined });

/** Each release is published when it is built: a repository has no other record of what there was. */
async function publishAll(to: string): Promise<void> {
  await publish(to);
  await buildAll();
  await publish(to);
}

async function buildAll(): Promise<void> {
  await site.build('1.4.0');
  await site.build('1.5.0-beta.1', 'beta');
}

/** What was taken over offers the same, and the next release can be published. */
async function goesOn(from: string, to: string): Promise<void> {
  expect(await takeOverSite({ site: again(), from, token: null, signal })).toMatchObject({
    branches: [
      { branch: 'stable', version: '1.4.0', sequence: 2 },
      { branch: 'beta', version: '1.5.0-beta.1', sequence: 3 },
    ],
  });
  const old = snapshot(site.dir).filter((line) => !line.includes('pikit-1.0.0.tar.gz'));
  expect(snapshot(again())).toEqual(old);
  expect(await verifySite(again())).toMatchObject({ problems: [], notices: [] });
  const tree = writeTree(join(dir(), 'tree'), { 'pikit-web/index.html': 'new' });
  expect(await release({ site: again(), from: tree, version: '2.0.0' })).toMatchObject({ sequence: 4 });
  await publish(to, again());
}

describe('takeOver', () => {
  it('goes on from a folder', async () => {
    const to = join(dir(), 'to');
    await publishAll(to);
    await goesOn(to, to);
    expect(JSON.parse(fs.readFileSync(join(to, 'manifest.json'), 'utf8'))).toMatchObject({ version: '2.0.0', sequence: 4 });
  });

  it('goes on from a web server', async () => {
    const to = join(dir(), 'to');
    await publishAll(to);
    const server = await releaseServer();
    try {
      host(server, to, { etag: 'strong' });
      await goesOn(server.url('/').href, to);
    } finally {
      await server.close();
    }
  });

  it('goes on from a repository', async () => {
    gitea = await giteaServer({ pageSize: 2 });
    const to = `gitea:${gitea.url}`;
    await publishAll(to);
    await goesOn(to, to);
  });

  it.each(['folder', 'repository'])('takes the bundles along that devices may still be sent for: %s', async (kind) => {
    if (kind === 'repository') gitea = await giteaServer();
    const to = gitea === null ? join(dir(), 'to') : `gitea:${gitea.url}`;
    await publish(to);
    for (const [version, minVersion] of [['1.5.0', null] as const, ['2.0.0', '1.5.0'] as const]) {
      await release({ site: site.dir, from: writeTree(join(dir(), version), { 'pikit-web/index.html': version }), version, minVersion });
      await publish(to);
    }
    expect(await takeOverSite({ site: again(), from: to, token: null, signal })).toMatchObject({ notices: [] });
    expect(snapshot(again())).toEqual(snapshot(site.dir));
    expect(await verifySite(again())).toMatchObject({ problems: [], notices: [] });
  });

  it('goes on where every release was withdrawn: none of their numbers is given to other content', async () => {
    await site.build('1.1.0-beta.1', 'beta');
    const to = join(dir(), 'to');
    for (const [branch, version] of [['beta', '1.1.0-beta.1'] as const, ['stable', '1.0.0'] as const]) {
      await publish(to);
      await withdrawRelease({ site: site.dir, branch, version, released: new Date(0) });
    }
    await publish(to);
    expect(await takeOverSite({ site: again(), from: to, token: null, signal })).toMatchObject({ branches: [], notices: [] });
    const filesOf = (site: string): string[] => snapshot(site).filter((line) => !line.endsWith(' directory'));
    expect(filesOf(again())).toEqual(filesOf(to));
    expect(await verifySite(again())).toMatchObject({ problems: [] });
    const tree = writeTree(join(dir(), 'tree'), { 'pikit-web/index.html': 'other' });
    await expect(release({ site: again(), from: tree, version: '1.0.0' })).rejects.toMatchObject({ code: 'RELEASE_CHANGED' });
    expect(await release({ site: again(), from: tree, version: '1.0.1' })).toMatchObject({ sequence: 5 });
    await publish(to, again());
  });

  it('leaves out of the list what cannot be installed from there, and says so', async () => {
    await buildAll();
    const to = join(dir(), 'to');
    await publish(to);
    fs.rmSync(join(to, 'manifests/stable/1.0.0.json'));
    expect(await takeOverSite({ site: again(), from: to, token: null, signal })).toMatchObject({
      notices: ["1.0.0 on the branch 'stable' is left out of the list of releases: 'manifests/stable/1.0.0.json' is not there"],
    });
    expect(await verifySite(again())).toMatchObject({ problems: [], notices: [] });
  });

  it.each<[string, () => void, string, string]>([
    ['not-empty', () => writeTree(again(), { mine: '' }), 'SITE_INVALID', 'is not an empty folder'],
    [
      'another-bundle',
      () => {
        fs.appendFileSync(join(site.dir, 'bundles/pikit-1.4.0.tar.gz'), 'x');
      },
      'BUNDLE_INVALID',
      '1 bytes after the end',
    ],
    [
      'nothing-there',
      () => {
        fs.rmSync(site.dir, { recursive: true });
        fs.mkdirSync(site.dir);
      },
      'NOT_FOUND',
      'no release is published',
    ],
  ])('refuses %s, and leaves no site', async (_name, spoil, code, message) => {
    await buildAll();
    spoil();
    const before = snapshot(dir());
    await expect(takeOverSite({ site: again(), from: site.dir, token: null, signal })).rejects.toMatchObject({ code, message: matching(message) });
    expect(snapshot(dir())).toEqual(before);
  });
});
