import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { promoteRelease } from '../../../../lib/release/builder/promote.ts';
import { readReleaseList } from '../../../../lib/release/site/release-lists.ts';
import { readManifest } from '../../../../lib/release/site/site.ts';
import { verifySite } from '../../../../lib/release/verify/verify.ts';
import { takeBack, withdrawRelease } from '../../../../lib/release/site/withdraw.ts';
import { withdrawnOn } from '../../../../lib/release/site/withdrawn.ts';
import type { BranchSite } from '../../../helpers/branch-site.ts';
import { branchSite } from '../../../helpers/branch-site.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { runWithFault } from '../../../helpers/crash.ts';
import { containing, matching } from '../../../helpers/matchers.ts';
import { dashboard, release, snapshot, writeTree } from '../../../helpers/site-builder.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const released = new Date('2026-11-21T10:00:00Z');
let site: BranchSite;
beforeEach(async () => {
  site = branchSite(dir());
  await site.build('1.4.0');
  await site.build('1.5.0');
});

const withdraw = (version: string, branch = 'stable') => withdrawRelease({ site: site.dir, version, branch, released });
const read = (path: string): string => fs.readFileSync(join(site.dir, path), 'utf8');
const isThere = (path: string): boolean => fs.existsSync(join(site.dir, path));
const versions = (branch = 'stable'): string[] => readReleaseList(site.dir, branch).map(({ version }) => version);

describe('withdrawing a release', () => {
  it('offers the one before it again, as something newer, and leaves nothing of it', async () => {
    const before = readManifest(site.dir, 'manifests/stable/1.4.0.json');
    const hash = sha256(site.bundle('1.5.0'));
    expect(await withdraw('1.5.0')).toEqual({
      version: '1.5.0',
      branch: 'stable',
      offered: '1.4.0',
      sequence: 3,
      bundleRemoved: true,
      already: false,
      notices: [containing('devices that have installed 1.5.0 keep it'), containing('pikit-release publish')],
    });
    expect(readManifest(site.dir, 'manifest.json')).toEqual({ ...before, sequence: 3 });
    expect(read('manifests/stable/1.4.0.json')).toBe(read('manifest.json'));
    expect(read('files/stable/web/pikit-web/index.html')).toContain('1.4.0');
    expect(versions()).toEqual(['1.4.0']);
    expect(withdrawnOn(site.dir, 'stable')).toEqual([{ version: '1.5.0', sequence: 3, sha256: hash }]);
    expect(snapshot(site.dir).filter((line) => line.includes('1.5.0'))).toEqual([]);
    expect(await verifySite(site.dir)).toMatchObject({ problems: [], notices: [] });
  });

  it('does nothing the second time, and says so', async () => {
    await withdraw('1.5.0');
    const before = snapshot(site.dir);
    expect(await withdraw('1.5.0')).toMatchObject({ already: true, offered: '1.4.0', sequence: 3, bundleRemoved: true });
    expect(snapshot(site.dir)).toEqual(before);
  });

  it('leaves a branch without a manifest when it was its first release, and counts on from there', async () => {
    await withdraw('1.5.0');
    expect(await withdraw('1.4.0')).toMatchObject({ offered: null, sequence: 4, notices: { length: 3 } });
    expect(['manifest.json', 'files/stable', 'bundles/pikit-1.4.0.tar.gz', 'manifests/stable/1.4.0.json'].filter(isThere)).toEqual([]);
    expect(versions()).toEqual([]);
    expect(await verifySite(site.dir)).toMatchObject({ problems: [], notices: ["'stable' has no release yet"] });
    await site.build('1.6.0');
    expect(readManifest(site.dir, 'manifest.json')).toMatchObject({ version: '1.6.0', sequence: 5 });
    expect(withdrawnOn(site.dir, 'stable').map(({ version }) => version)).toEqual(['1.4.0', '1.5.0']);
  });

  it('takes it from one branch only, and keeps the bundle that another one names', async () => {
    await site.build('1.6.0-beta.1', 'beta');
    await promoteRelease({ site: site.dir, version: '1.6.0-beta.1', from: 'beta', to: 'stable', released, rolloutPercent: null });
    expect(await withdraw('1.6.0-beta.1', 'stable')).toMatchObject({ offered: '1.5.0', bundleRemoved: false });
    expect(readManifest(site.dir, 'manifest_beta.json')).toMatchObject({ version: '1.6.0-beta.1' });
    expect(await verifySite(site.dir)).toMatchObject({ problems: [], notices: [] });
    expect(await withdraw('1.6.0-beta.1', 'beta')).toMatchObject({ offered: null, bundleRemoved: true });
  });

  it('never gives the version other content, and is content with the same', async () => {
    await withdraw('1.5.0');
    const other = writeTree(join(dir(), 'other'), dashboard('other'));
    const before = snapshot(site.dir);
    for (const branch of ['stable', 'stable']) {
      await expect(release({ site: site.dir, from: other, version: '1.5.0', branch })).rejects.toMatchObject({
        code: 'RELEASE_CHANGED',
        message: "1.5.0 was withdrawn from the branch 'stable', and had other content",
      });
    }
    expect(snapshot(site.dir)).toEqual(before);
    await site.build('1.5.0');
    expect(readManifest(site.dir, 'manifest.json')).toMatchObject({ version: '1.5.0', sequence: 4 });
    expect(withdrawnOn(site.dir, 'stable')).toEqual([]);
  });

  it('tells who builds something that devices with the withdrawn release do not take', async () => {
    await withdraw('1.5.0');
    const built = await release({ site: site.dir, from: writeTree(join(dir(), 'x'), dashboard('x')), version: '1.4.1' });
    expect(built.notices).toEqual(['devices that installed 1.5.0 before it was withdrawn keep it: 1.4.1 is older']);
  });

  it.each<[string, string, string, () => unknown, string, string]>([
    ['not-the-newest', '1.4.0', 'stable', () => 0, 'INPUT_REFUSED', "only the newest release of a branch can be withdrawn: 'stable' has 1.5.0 now"],
    ['unknown-version', '1.5.1', 'stable', () => 0, 'INPUT_REFUSED', "the branch 'stable' has never had a release 1.5.1"],
    ['no-version', 'newest', 'stable', () => 0, 'VERSION_INVALID', 'newest'],
    ['unknown-branch', '1.5.0', 'stabel', () => 0, 'INPUT_REFUSED', "the site has no branch 'stabel'"],
    [
      'no-list',
      '1.5.0',
      'stable',
      () => {
        fs.rmSync(join(site.dir, 'releases.json'));
      },
      'SITE_INVALID',
      'what the branch had before is not known',
    ],
    [
      'no-bundle',
      '1.5.0',
      'stable',
      () => {
        fs.rmSync(join(site.dir, 'bundles/pikit-1.4.0.tar.gz'));
      },
      'SITE_INVALID',
      "'bundles/pikit-1.4.0.tar.gz' is not there",
    ],
    [
      'other-bundle',
      '1.5.0',
      'stable',
      () => {
        fs.appendFileSync(join(site.dir, 'bundles/pikit-1.4.0.tar.gz'), 'x');
      },
      'SITE_INVALID',
      'is not what its manifest says',
    ],
  ])('refuses %s, and changes nothing', async (_name, version, branch, spoil, code, message) => {
    spoil();
    const before = snapshot(site.dir);
    await expect(withdraw(version, branch)).rejects.toMatchObject({ code, message: matching(message) });
    expect(snapshot(site.dir)).toEqual(before);
  });

  it('offers the one or the other, each complete, wherever it is killed, and is finished by the same command', async () => {
    const whole = join(dir(), 'whole');
    fs.cpSync(site.dir, whole, { recursive: true });
    const startOver = (): void => {
      fs.rmSync(site.dir, { recursive: true });
      fs.cpSync(whole, site.dir, { recursive: true });
    };
    const before = readManifest(site.dir, 'manifests/stable/1.4.0.json');
    const options = { site: site.dir, version: '1.5.0', branch: 'stable', released };
    const sourceOf = ({ path }: { path: string }): string => join(dir(), 'tree-1.4.0', path);
    const again = { before, sequence: 3, sha256: sha256(site.bundle('1.5.0')), sourceOf };
    let [isOver, at, old] = [false, 0, 0];
    while (!isOver) {
      startOver();
      isOver = !runWithFault({ kind: 'die', at: (at += 1) }, () => takeBack(options, again)).hit;
      const { version, bundle } = readManifest(site.dir, 'manifest.json');
      if (version === '1.5.0') old += 1;
      expect([version, sha256(site.bundle(version))]).toEqual([version === '1.5.0' ? '1.5.0' : '1.4.0', bundle?.sha256]);
      await withdraw('1.5.0');
      expect(await verifySite(site.dir)).toMatchObject({ problems: [], notices: [], branches: [{ version: '1.4.0' }] });
      expect(snapshot(site.dir).filter((line) => line.includes('1.5.0'))).toEqual([]);
    }
    expect(old).toBeGreaterThan(5);
    expect(at - old).toBeGreaterThan(5);
  });
});
