import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { addBranch } from '../../../../lib/release/site/site-branches.ts';
import { summarizeBranches } from '../../../../lib/release/site/branch-summary.ts';
import { openSite } from '../../../../lib/release/site/site.ts';
import { containing } from '../../../helpers/matchers.ts';
import { dashboard, emptySite, release, writeTree } from '../../../helpers/site-builder.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let base = '';
beforeEach(() => {
  base = folderOfTest('summary');
});

it('puts beside every branch what is published on it, in the order of the list', async () => {
  const site = emptySite(base);
  addBranch(site, 'nightly', { display_name: 'ليلي', macos: false });
  addBranch(site, 'beta', { visible: false, description: 'tests' });
  await release({ site, from: writeTree(join(base, 'tree'), dashboard('one')), version: '1.0.0', branch: 'nightly' });
  fs.writeFileSync(join(site, 'manifest_beta.json'), '{');
  const common = { description: '', enabled: true, visible: true, linux: true, problem: null };
  const nothing = { version: null, sequence: null, released: null };
  expect(summarizeBranches(openSite(site))).toEqual([
    { ...common, ...nothing, name: 'stable', display_name: 'Stable', builtIn: true },
    {
      ...common,
      name: 'nightly',
      display_name: 'ليلي',
      macos: false,
      builtIn: false,
      version: '1.0.0',
      sequence: 1,
      released: '2026-11-20T10:00:00Z',
    },
    {
      ...common,
      ...nothing,
      name: 'beta',
      display_name: 'beta',
      description: 'tests',
      visible: false,
      builtIn: false,
      problem: containing("manifest_beta.json' is not valid JSON"),
    },
  ]);
});
