import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { addBranch } from '../../../../lib/release/site/site-branches.ts';
import { manifestFiles, readManifest } from '../../../../lib/release/site/site.ts';
import { fileProblems } from '../../../../lib/release/verify/verify-files.ts';
import { dashboard, emptySite, release, writeTree } from '../../../helpers/site-builder.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let base = '';
let site = '';
beforeEach(async () => {
  base = folderOfTest('verify-files');
  site = emptySite(base);
  addBranch(site, 'beta', {});
  const from = writeTree(join(base, 'tree'), dashboard('one'));
  await release({ site, from, version: '1.0.0' });
  writeTree(from, dashboard('two'));
  await release({ site, from, version: '1.1.0', branch: 'beta' });
});
const manifests = (): Map<string, ReturnType<typeof readManifest>> =>
  new Map(manifestFiles(site).map(({ name }) => [name, readManifest(site, name)]));
const INDEX = 'files/beta/web/pikit-web/index.html';

describe('fileProblems', () => {
  it('finds none after a build', () => {
    expect(fileProblems(site, manifests(), undefined)).toEqual([]);
  });

  it.each<[string, () => void, RegExp]>([
    [
      'missing',
      () => {
        fs.rmSync(join(site, INDEX));
      },
      /^files\/beta\/web\/pikit-web\/index\.html: it is missing$/,
    ],
    [
      'longer',
      () => {
        fs.appendFileSync(join(site, INDEX), 'x');
      },
      /index\.html: size mismatch: expected \d+, got \d+$/,
    ],
    [
      'of-another-release',
      () => {
        fs.copyFileSync(join(site, INDEX.replace('beta', 'stable')), join(site, INDEX));
      },
      /index\.html: sha256 mismatch/,
    ],
    [
      'a-link',
      () => {
        fs.rmSync(join(site, INDEX));
        fs.symlinkSync('/etc/passwd', join(site, INDEX));
      },
      /index\.html: it is not a plain file$/,
    ],
    [
      'a-folder',
      () => {
        fs.rmSync(join(site, INDEX));
        fs.mkdirSync(join(site, INDEX));
      },
      /index\.html: it is not a plain file\n.*index\.html: the release on this branch does not have it$/,
    ],
    [
      'unknown-file',
      () => {
        writeTree(site, { 'files/beta/web/old.js': '' });
      },
      /^files\/beta\/web\/old\.js: the release on this branch does not have it$/,
    ],
    [
      'unknown-folder',
      () => {
        fs.mkdirSync(join(site, 'files/beta/web/old'));
      },
      /^files\/beta\/web\/old: the release/,
    ],
    [
      'unknown-name',
      () => {
        writeTree(site, { 'files/beta/a\u001bb': '' });
      },
      /^files\/beta\/a\\u001bb: the release/,
    ],
    [
      'branch-that-is-gone',
      () => {
        writeTree(site, { 'files/nightly/web/x': '' });
      },
      /^files\/nightly: no manifest names anything there/,
    ],
    [
      'beside-the-branches',
      () => {
        writeTree(site, { 'files/index.html': '' });
      },
      /^files\/index\.html: no manifest names/,
    ],
    [
      'never-placed',
      () => {
        fs.rmSync(join(site, 'files/beta'), { recursive: true });
      },
      /^files\/beta: none of the 4 files of 1\.1\.0 is there/,
    ],
  ])('finds what is %s', (_name, spoil, says) => {
    spoil();
    expect(fileProblems(site, manifests(), undefined).join('\n')).toMatch(says);
  });

  it('finds that there are none at all', () => {
    fs.rmSync(join(site, 'files'), { recursive: true });
    expect(fileProblems(site, manifests(), undefined)).toHaveLength(2);
    fs.writeFileSync(join(site, 'files'), '');
    expect(fileProblems(site, manifests(), undefined)).toHaveLength(2);
  });

  it('says nothing of a branch whose manifest cannot be read', () => {
    fs.writeFileSync(join(site, 'manifest_beta.json'), '{');
    expect(fileProblems(site, new Map([['manifest.json', readManifest(site, 'manifest.json')]]), undefined)).toEqual([]);
  });

  it('stops when it is told to', () => {
    expect(() => fileProblems(site, manifests(), AbortSignal.abort())).toThrow(expect.objectContaining({ code: 'CANCELLED' }));
  });
});
