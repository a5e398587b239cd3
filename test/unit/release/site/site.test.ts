import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { manifestFiles, openSite, publishedReleases, readIfThere, releaseOf } from '../../../../lib/release/site/site.ts';
import { emptySite } from '../../../helpers/site-builder.ts';
import { containing, matching } from '../../../helpers/matchers.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let base = '';
let site = '';
beforeEach(() => {
  base = folderOfTest('site');
  site = emptySite(base);
});

describe('openSite', () => {
  it('knows a site by its branch list', () => {
    expect(openSite(site)).toEqual({ dir: site, branches: [] });
  });

  it.each<[string, () => void, RegExp]>([
    [
      'missing',
      () => {
        fs.rmSync(site, { recursive: true });
      },
      /is not a site: it has no branches\.json/,
    ],
    [
      'some-folder',
      () => {
        fs.rmSync(join(site, 'branches.json'));
      },
      /is not a site/,
    ],
    [
      'a-file',
      () => {
        fs.rmSync(site, { recursive: true });
        fs.writeFileSync(site, '');
      },
      /is not a site/,
    ],
    [
      'broken-list',
      () => {
        fs.writeFileSync(join(site, 'branches.json'), '[{}]');
      },
      /branches\.json' is invalid: '\[0\]\.name'/,
    ],
  ])('refuses %s', (_name, spoil, says) => {
    spoil();
    expect(() => openSite(site)).toThrow(expect.objectContaining({ code: 'SITE_INVALID', message: matching(says) }));
  });
});

describe('publishedReleases', () => {
  it('finds the manifest of every branch, and nothing else', () => {
    for (const name of ['manifest.json', 'manifest_beta.json', 'manifest_Beta.json', 'manifest.json.tmp', 'manifest_.json'])
      fs.writeFileSync(join(site, name), '');
    expect(manifestFiles(site)).toEqual([
      { branch: 'stable', name: 'manifest.json' },
      { branch: 'beta', name: 'manifest_beta.json' },
    ]);
  });

  it('names a manifest that cannot be read', () => {
    fs.writeFileSync(join(site, 'manifest.json'), '{}');
    expect(() => publishedReleases(openSite(site))).toThrow(
      expect.objectContaining({ code: 'SITE_INVALID', message: containing(`'${join(site, 'manifest.json')}'`), hint: containing('verify') }),
    );
  });

  it('is empty before the first release', () => {
    expect(releaseOf(publishedReleases(openSite(site)), 'stable')).toBeNull();
  });
});

it('reads a file, or nothing where there is none; other errors are errors', () => {
  expect(String(readIfThere(join(site, 'branches.json')))).toBe('[]\n');
  expect(readIfThere(join(site, 'nothing'))).toBeNull();
  expect(readIfThere(join(site, 'branches.json/x'))).toBeNull();
  expect(() => readIfThere(site)).toThrow(/EISDIR/);
});
