import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { PlacedOnBranch } from '../../../../lib/release/builder/put-on-branch.ts';
import { assertNewer, nextSequence, putOnBranch } from '../../../../lib/release/builder/put-on-branch.ts';
import { openSite, publishedReleases } from '../../../../lib/release/site/site.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { matching } from '../../../helpers/matchers.ts';
import { dashboard, emptySite, release, snapshot, writeTree } from '../../../helpers/site-builder.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let base = '';
let site = '';
beforeEach(async () => {
  base = folderOfTest('offer');
  site = emptySite(base);
  await release({ site, from: writeTree(join(base, 'tree'), dashboard('one')), version: '1.0.0' });
  writeTree(base, { new: 'new' });
});
const MANIFEST = JSON.stringify({ version: '1.1.0', changelog: '', sequence: 2, files: [{ path: 'pikit-web/new', sha256: sha256('new') }] });
const releases = (): ReturnType<typeof publishedReleases> => publishedReleases(openSite(site));
const offer = (change: Partial<PlacedOnBranch> = {}): string[] =>
  putOnBranch({
    site,
    branch: 'stable',
    sequence: 2,
    files: [{ path: 'pikit-web/new', sha256: sha256('new'), size: 3 }],
    sourceOf: () => join(base, 'new'),
    manifest: Buffer.from(MANIFEST),
    ...change,
  });

describe('offerRelease', () => {
  it('has every file in its place before the manifest names it, and removes none before', () => {
    const seen: string[] = [];
    const rename = fs.renameSync;
    const unlink = fs.unlinkSync;
    try {
      fs.renameSync = (from, to) => {
        rename(from, to);
        seen.push(`put ${String(to).slice(site.length + 1)}`);
      };
      fs.unlinkSync = (path) => {
        unlink(path);
        seen.push(`removed ${String(path).slice(site.length + 1)}`);
      };
      expect(offer()).toEqual([]);
    } finally {
      fs.renameSync = rename;
      fs.unlinkSync = unlink;
    }
    expect(seen).toEqual([
      'put files/stable/web/pikit-web/new',
      'put manifests/stable/1.1.0.json',
      'put releases.json',
      'put manifest.json',
      'removed files/stable/api/pikit-api.py',
      'removed files/stable/helpers/helpers/pikit-hello',
      'removed files/stable/web/pikit-web/assets/app.js',
      'removed files/stable/web/pikit-web/index.html',
    ]);
    expect(fs.readFileSync(join(site, 'manifest.json'), 'utf8')).toBe(MANIFEST);
  });

  it('leaves the manifest as it is when only the files are to be put right', () => {
    const before = fs.readFileSync(join(site, 'manifest.json'));
    offer({ manifest: null });
    expect(fs.readFileSync(join(site, 'manifest.json'))).toEqual(before);
    expect(fs.existsSync(join(site, 'files/stable/web/pikit-web/new'))).toBe(true);
  });

  const published = (): void => {
    const text = fs.readFileSync(join(site, 'manifest.json'), 'utf8');
    fs.writeFileSync(join(site, 'manifest_beta.json'), text.replace('"sequence":1', '"sequence":2').replace('"stable"', '"beta"'));
  };
  it.each<[string, () => Partial<PlacedOnBranch>, string, RegExp]>([
    ['published-meanwhile', () => (published(), {}), 'BUSY', /another release was published to/],
    ['branch-removed-meanwhile', () => ({ branch: 'beta' }), 'INPUT_REFUSED', /no branch 'beta'/],
    ['source-changed-meanwhile', () => (writeTree(base, { new: 'NEW' }), {}), 'INPUT_REFUSED', /'pikit-web\/new' changed/],
  ])('refuses %s, and leaves the site as it is', (_name, spoil, code, says) => {
    const change = spoil();
    const before = snapshot(site);
    expect(() => offer(change)).toThrow(expect.objectContaining({ code, message: matching(says) }));
    expect(snapshot(site)).toEqual(before);
  });

  it('gives way, too, to a process that took no lock, while the files are made ready', () => {
    const before = snapshot(join(site, 'files'));
    const sourceOf = (): string => {
      published();
      return join(base, 'new');
    };
    expect(() => offer({ sourceOf })).toThrow(expect.objectContaining({ code: 'BUSY' }));
    expect(snapshot(join(site, 'files'))).toEqual(before);
  });

  it('has published once the manifest is there, whatever happens to the files of the release before', () => {
    const unlink = fs.unlinkSync;
    let notices: string[] = [];
    try {
      fs.unlinkSync = (path) => {
        if (String(path).endsWith('index.html')) throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
        unlink(path);
      };
      notices = offer();
    } finally {
      fs.unlinkSync = unlink;
    }
    expect(notices).toEqual(["files of the previous release are still in 'files/stable/': EIO: i/o error"]);
    expect(fs.readFileSync(join(site, 'manifest.json'), 'utf8')).toBe(MANIFEST);
  });
});

it('counts across branches', () => {
  expect(nextSequence([])).toBe(1);
  const [one] = releases();
  expect(nextSequence(one === undefined ? [] : [one, { ...one, name: 'manifest_beta.json', manifest: { ...one.manifest, sequence: 41 } }])).toBe(42);
});

it('goes forward on each branch by itself', () => {
  expect(() => {
    assertNewer('1.0.1', 'stable', releases());
    assertNewer('0.1.0', 'beta', releases());
  }).not.toThrow();
  expect(() => {
    assertNewer('1.0.0+2', 'stable', releases());
  }).toThrow(expect.objectContaining({ code: 'VERSION_NOT_NEWER' }));
});
