import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { chosenReleases, releasesToPublish } from '../../../../lib/release/publish/site-releases.ts';
import { openSite, publishedReleases } from '../../../../lib/release/site/site.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import type { BranchSite } from '../../../helpers/branch-site.ts';
import { branchSite } from '../../../helpers/branch-site.ts';
import { dashboard, emptySite, release, writeTree } from '../../../helpers/site-builder.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
let site: BranchSite;
beforeEach(async () => {
  site = branchSite(dir());
  await site.build('1.2.0', 'beta');
  await site.build('1.1.0');
});

const versions = (...branches: string[]): string[] => {
  const opened = openSite(site.dir);
  return releasesToPublish(site.dir, opened, chosenReleases(site.dir, publishedReleases(opened), branches)).map(
    ({ version, branches: of }) => `${version} ${of.join('+')}`,
  );
};

it('is one release a version, in the order in which they were made', () => {
  expect(versions()).toEqual(['1.2.0 beta', '1.1.0 stable']);
  site.promote('beta', 'stable');
  expect(versions()).toEqual(['1.2.0 beta+stable']);
});

it('is of the chosen branches', () => {
  expect(versions('stable')).toEqual(['1.1.0 stable']);
  expect(() => versions('nightly')).toThrow(expect.objectContaining({ code: 'USAGE', hint: 'branches with a release: stable, beta' }));
  const empty = openSite(emptySite(join(dir(), 'empty')));
  expect(() => chosenReleases(empty.dir, publishedReleases(empty), [])).toThrow(
    expect.objectContaining({ code: 'SITE_INVALID', hint: 'build one first: pikit-release build' }),
  );
});

it('has the files, their sizes, and what people want to read', async () => {
  const other = emptySite(join(dir(), 'other'));
  const from = writeTree(join(dir(), 'tree'), dashboard('x'));
  await release({ site: other, from, version: '2.0.0', notes: 'Better.\n\n', changelog: 'https://example.org/c' });
  const opened = openSite(other);
  const bundle = join(other, 'bundles/pikit-2.0.0.tar.gz');
  const manifest = join(other, 'manifest.json');
  const size = fs.statSync(manifest).size;
  const chosen = chosenReleases(other, publishedReleases(opened), []);
  const documents = join(dir(), 'documents');
  fs.mkdirSync(documents);
  fs.renameSync(manifest, join(documents, 'manifest.json'));
  expect(releasesToPublish(other, { dir: documents }, chosen)).toEqual([
    {
      version: '2.0.0',
      branches: ['stable'],
      notes: 'Better.\n\nhttps://example.org/c',
      bundle: { name: 'pikit-2.0.0.tar.gz', size: fs.statSync(bundle).size, sha256: sha256(fs.readFileSync(bundle)) },
      manifests: [{ name: 'manifest.json', branch: 'stable', path: join(documents, 'manifest.json'), size, sequence: 1 }],
      paths: new Map([
        ['pikit-2.0.0.tar.gz', bundle],
        ['manifest.json', join(documents, 'manifest.json')],
      ]),
    },
  ]);
});
