import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256Of } from '../../../../lib/core/digest.ts';
import { readReleaseList, stoneNotices } from '../../../../lib/release/site/release-lists.ts';
import { verifySite } from '../../../../lib/release/verify/verify.ts';
import { temporary } from '../../../helpers/device.ts';
import { dashboard, emptySite, release, writeTree } from '../../../helpers/site-builder.ts';

function site() {
  const base = temporary();
  const dir = emptySite(base);
  const build = async (version: string, options: { minVersion?: string; arch?: string[]; branch?: string } = {}) =>
    await release({ site: dir, from: writeTree(join(base, version), dashboard(version)), version, ...options });
  return { dir, build };
}

describe('the list of the releases of a branch', () => {
  it('grows with each release, the newest first, and names manifests that stay', async () => {
    const { dir, build } = site();
    await build('1.5.0');
    const before = fs.readFileSync(join(dir, 'manifest.json'));
    await build('2.0.0', { minVersion: '1.5.0', arch: ['arm64'] });
    expect(readReleaseList(dir, 'stable')).toMatchObject([
      { version: '2.0.0', sequence: 2, min_version: '1.5.0', arch: ['arm64'], manifest: { path: 'manifests/stable/2.0.0.json' } },
      { version: '1.5.0', sequence: 1, manifest: { path: 'manifests/stable/1.5.0.json', size: before.length, sha256: sha256Of(before) } },
    ]);
    expect(fs.readFileSync(join(dir, 'manifests/stable/1.5.0.json')).equals(before)).toBe(true);
    expect(fs.readFileSync(join(dir, 'manifests/stable/2.0.0.json')).equals(fs.readFileSync(join(dir, 'manifest.json')))).toBe(true);
    expect(await verifySite(dir)).toMatchObject({ problems: [], notices: [] });
  });

  it('begins with what a site of an earlier version offers', async () => {
    const { dir, build } = site();
    await build('1.5.0');
    fs.rmSync(join(dir, 'releases.json'));
    fs.rmSync(join(dir, 'manifests'), { recursive: true });
    expect(await verifySite(dir)).toMatchObject({
      problems: [],
      notices: ["releases.json does not list 1.5.0: the next release on 'stable' puts it there"],
    });
    await build('2.0.0', { minVersion: '1.5.0' });
    expect(readReleaseList(dir, 'stable').map(({ version }) => version)).toEqual(['2.0.0', '1.5.0']);
  });

  it('is made anew where it is damaged', async () => {
    const { dir, build } = site();
    await build('1.5.0');
    await build('1.6.0');
    fs.writeFileSync(join(dir, 'releases.json'), 'torn');
    await build('1.7.0');
    expect(readReleaseList(dir, 'stable').map(({ version }) => version)).toEqual(['1.7.0', '1.6.0', '1.5.0']);
  });
});

describe('a release that needs another one first', () => {
  it('is warned of where no such release is there', async () => {
    const { dir, build } = site();
    await build('1.0.0');
    expect((await build('2.0.0', { minVersion: '1.5.0' })).notices).toEqual([
      "2.0.0 needs 1.5.0 to be installed first, and the branch 'stable' has no release that is 1.5.0 or newer: devices that are older cannot come to 2.0.0",
    ]);
    expect(stoneNotices(dir, 'stable', { version: '2.1.0', requires: { min_version: '1.5.0' } })).toEqual([]);
  });

  it('is not warned of where it is', async () => {
    const { build } = site();
    await build('1.5.0');
    expect((await build('2.0.0', { minVersion: '1.5.0' })).notices).toEqual([]);
  });
});
