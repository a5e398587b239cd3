import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isWorkRunning, openWorkFolder } from '../../../../lib/release/publish/work-folder.ts';
import { emptySite, writeTree } from '../../../helpers/site-builder.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

it('sweeps what is left of dead processes, and nothing of living ones', () => {
  const site = emptySite(dir());
  writeTree(site, {
    'bundles/a.tar.gz.0badcafe.tmp': 'half',
    'bundles/b.tar.gz.0badcafe.tmp/bundle': 'half',
    'manifest_beta.json.tmp': '',
    'notes.json.tmp': '',
  });
  const one = openWorkFolder(site, 'pikit-1.0.0.tar.gz');
  expect(isWorkRunning(one.path)).toBe(true);
  const two = openWorkFolder(site, 'pikit-1.0.0.tar.gz');
  expect(fs.readdirSync(join(site, 'bundles'))).toHaveLength(2);
  expect(fs.readdirSync(site).filter((name) => name.endsWith('.tmp'))).toEqual(['notes.json.tmp']);
  one.remove();
  two.remove();
  expect(fs.readdirSync(join(site, 'bundles'))).toEqual([]);
  expect(isWorkRunning(one.path)).toBe(false);
});
