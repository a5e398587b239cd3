import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { initSite } from '../../../../lib/release/site/init.ts';
import { publishedSource } from '../../../../lib/release/publish/published-source.ts';
import { readReleaseList } from '../../../../lib/release/site/release-lists.ts';
import { readManifest } from '../../../../lib/release/site/site.ts';
import { takeReleases } from '../../../../lib/release/site/take-over-list.ts';
import { containing } from '../../../helpers/matchers.ts';
import { dashboard, emptySite, release, writeTree } from '../../../helpers/site-builder.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

it.each<[string, string, string[], string[]]>([
  ['nothing-amiss', '', ['2.0.0', '1.5.0', '1.0.0'], []],
  ['no-manifest', 'manifests/stable/1.0.0.json', ['2.0.0', '1.5.0'], ["1.0.0 on the branch 'stable' is left out"]],
  ['no-bundle', 'bundles/pikit-1.5.0.tar.gz', ['2.0.0', '1.0.0'], ["1.5.0 on the branch 'stable' is left out"]],
  ['no-list', 'releases.json', [], []],
])('takes over what leads somewhere: %s', async (_name, gone, versions, notices) => {
  const from = emptySite(dir());
  for (const version of ['1.0.0', '1.5.0', '2.0.0']) {
    const tree = writeTree(join(dir(), version), dashboard(version));
    await release({ site: from, from: tree, version, minVersion: version === '2.0.0' ? '1.5.0' : null });
  }
  if (gone !== '') fs.rmSync(join(from, gone));
  const to = join(dir(), 'to');
  initSite(to, { unsigned: true });
  const source = await publishedSource(from, null, new AbortController().signal);
  const taken = await takeReleases({ source, dir: to, branch: 'stable', offered: readManifest(from, 'manifest.json') });
  expect(taken).toEqual(notices.map(containing));
  expect(readReleaseList(to, 'stable').map(({ version }) => version)).toEqual(versions);
  for (const version of versions.slice(1)) expect(fs.existsSync(join(to, `bundles/pikit-${version}.tar.gz`))).toBe(true);
});
