import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../lib/core/release/manifest.ts';
import { readManifest } from '../../../../lib/release/site/site.ts';
import { archivedBundleProblems, bundleProblems } from '../../../../lib/release/verify/verify-bundle.ts';
import { tarGz } from '../../../helpers/archive-builder.ts';
import { dashboard, emptySite, release, writeTree } from '../../../helpers/site-builder.ts';
import { containing, matching } from '../../../helpers/matchers.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let base = '';
let bundle = '';
let manifest: Manifest;
beforeEach(async () => {
  base = folderOfTest('verify-bundle');
  const site = emptySite(base);
  await release({ site, from: writeTree(join(base, 'tree'), dashboard('one')), version: '1.0.0' });
  bundle = join(site, 'bundles/pikit-1.0.0.tar.gz');
  manifest = readManifest(site, 'manifest.json');
});

describe('bundleProblems', () => {
  it('finds none in what was built', async () => {
    expect(await bundleProblems({ bundle }, manifest)).toEqual([]);
  });

  it.each<[string, (m: Manifest) => Manifest, RegExp[]]>([
    ['other-notes', (m) => ({ ...m, notes: 'x' }), [/^'notes' differs/]],
    ['other-requirement', (m) => ({ ...m, requires: { arch: ['x'] } }), [/^'requires' differs/]],
    ['no-bundle-fields', (m) => ({ ...m, bundle: undefined }), [/does not say how long/, /does not have its sha256/]],
    ['file-gone', (m) => ({ ...m, files: m.files.slice(1) }), [/has 'helpers\/pikit-hello', which its manifest does not list/, /another release/]],
    [
      'two-other-hashes',
      (m) => ({ ...m, files: m.files.map((f, i) => (i < 2 ? { ...f, sha256: '0'.repeat(64) } : f)) }),
      [/sha256 of 'helpers/, /sha256 of 'pikit-api/, /another release/],
    ],
  ])('lists all that differs: %s', async (_name, change, says) => {
    expect(await bundleProblems({ bundle }, change(manifest))).toEqual(says.map((pattern) => matching(pattern)));
  });

  it.each<[string, () => void, RegExp]>([
    [
      'missing',
      () => {
        fs.rmSync(bundle);
      },
      /^it is missing$/,
    ],
    [
      'a-folder',
      () => {
        fs.rmSync(bundle);
        fs.mkdirSync(bundle);
      },
      /not a plain file/,
    ],
    [
      'truncated',
      () => {
        fs.truncateSync(bundle, 100);
      },
      /size mismatch.*sha256 mismatch.*not valid gzip/s,
    ],
    [
      'without-manifest',
      () => {
        fs.writeFileSync(bundle, tarGz([]));
      },
      /it has no manifest\.json/,
    ],
  ])('says what is wrong: %s', async (_name, spoil, says) => {
    spoil();
    expect((await bundleProblems({ bundle }, manifest)).join('\n')).toMatch(says);
  });

  it('can be cancelled', async () => {
    await expect(bundleProblems({ bundle, signal: AbortSignal.abort() }, manifest)).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('archivedBundleProblems', () => {
  it('checks a bundle against the manifest inside it', async () => {
    expect(await archivedBundleProblems({ bundle }, '1.0.0')).toEqual([]);
    expect(await archivedBundleProblems({ bundle }, '1.0.1')).toEqual(['version of the manifest inside mismatch: expected 1.0.1, got 1.0.0']);
    fs.writeFileSync(bundle, tarGz([{ name: 'manifest.json', data: '{}' }]));
    expect(await archivedBundleProblems({ bundle }, '1.0.0')).toEqual([containing('the manifest inside')]);
  });
});
