import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { isOf, removeBundles, removeManifests } from '../../../../lib/release/publish/withdrawn-files.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import type { BranchSite } from '../../../helpers/branch-site.ts';
import { branchSite } from '../../../helpers/branch-site.ts';
import { useTempDir } from '../../../helpers/temp.ts';

// The way from a site to what a device finds is in withdrawn-assets.test.ts.
const dir = useTempDir();
let site: BranchSite;
beforeEach(async () => {
  site = branchSite(dir());
  await site.build('1.0.0');
});
const entry = () => ({ branch: 'stable', version: '1.0.0', sequence: 2, sha256: sha256(site.bundle('1.0.0')) });
const BUNDLE = 'bundles/pikit-1.0.0.tar.gz';

it('removes manifests, and then the bundle that none names', () => {
  const one = entry();
  expect(removeBundles(site.dir, [one], new Set())).toEqual([]);
  expect(removeManifests(site.dir, [one])).toEqual(['manifest.json', 'manifests/stable/1.0.0.json']);
  expect(removeBundles(site.dir, [one], new Set([BUNDLE]))).toEqual([]);
  expect(removeBundles(site.dir, [one], new Set())).toEqual([BUNDLE]);
  expect([...removeManifests(site.dir, [one]), ...removeBundles(site.dir, [one], new Set())]).toEqual([]);
});

it('leaves what is of another release', () => {
  const other = { ...entry(), sha256: 'a'.repeat(64) };
  expect([...removeManifests(site.dir, [other]), ...removeBundles(site.dir, [other], new Set())]).toEqual([]);
  expect(isOf(null, other)).toBe(false);
  expect(isOf(Buffer.from('{'), other)).toBe(false);
});

it('leaves the bundle where a manifest cannot be read', () => {
  removeManifests(site.dir, [entry()]);
  fs.writeFileSync(join(site.dir, 'manifest_beta.json'), '{');
  expect(removeBundles(site.dir, [entry()], new Set())).toEqual([]);
});
