import { join } from 'node:path';
import { expect, it } from 'vitest';
import { allWithdrawn, assertSameContent, carriedOut, isBundleNamed, withdrawnNotices, withdrawnOn } from '../../../../lib/release/site/withdrawn.ts';
import { openSite, publishedReleases } from '../../../../lib/release/site/site.ts';
import { branchSite } from '../../../helpers/branch-site.ts';
import { writeTree } from '../../../helpers/site-builder.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const entry = (version: string) => ({ version, sequence: 3, sha256: 'a'.repeat(64) });
const on = (branch: string, version: string) => ({ branch, ...entry(version) });

it('is remembered by the lists of all branches; one that cannot be read remembers nothing', () => {
  const list = (version: string): string => JSON.stringify({ schema: 1, releases: [], withdrawn: [entry(version)] });
  writeTree(dir(), { 'releases.json': list('1.0.0'), 'releases_beta.json': list('1.1.0'), 'releases_torn.json': '{', 'releases.json.tmp': '' });
  expect(allWithdrawn(dir())).toEqual([on('beta', '1.1.0'), on('stable', '1.0.0')]);
  expect(withdrawnOn(dir(), 'none')).toEqual([]);
});

it('counts only where the branch does not offer it', async () => {
  const site = branchSite(dir());
  await site.build('1.0.0');
  const offered = publishedReleases(openSite(site.dir));
  expect(carriedOut([on('stable', '1.0.0'), on('beta', '1.0.0'), on('stable', '0.9.0')], offered)).toEqual([
    on('beta', '1.0.0'),
    on('stable', '0.9.0'),
  ]);
  expect(isBundleNamed(site.dir, { version: '1.0.0' }, 'pikit-1.0.0.tar.gz')).toBe(true);
  expect(isBundleNamed(site.dir, { version: '1.1.0' }, 'pikit-1.1.0.tar.gz')).toBe(false);
  writeTree(join(site.dir, 'manifests/beta'), { '1.1.0.json': '{}' });
  expect(isBundleNamed(site.dir, { version: '1.1.0' }, 'pikit-1.1.0.tar.gz')).toBe(true);
});

it('refuses other content, and tells of what is older', () => {
  const withdrawn = [on('beta', '1.5.0'), on('stable', '1.5.0')];
  expect(() => {
    assertSameContent(withdrawn, '1.5.0', 'b'.repeat(64));
  }).toThrow("1.5.0 was withdrawn from the branch 'beta', and had other content");
  assertSameContent(withdrawn, '1.5.0', 'a'.repeat(64));
  assertSameContent(withdrawn, '1.6.0', 'b'.repeat(64));
  expect(withdrawnNotices(withdrawn, { version: '1.4.1', branch: 'stable' })).toHaveLength(1);
  expect(withdrawnNotices(withdrawn, { version: '1.5.1', branch: 'stable' })).toEqual([]);
  expect(withdrawnNotices(withdrawn, { version: '1.4.1', branch: 'beta' })).toEqual([]);
});
