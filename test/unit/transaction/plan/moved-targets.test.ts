import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { followMoved } from '../../../../lib/transaction/plan/moved-targets.ts';
import { placeIn, releaseChange } from '../../../helpers/change.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();

it.each([
  ['to a target', '/srv/web/', '/srv/web/in/a'],
  ['to somewhere else', '/other/', '/w/in/a'],
])('follows a link %s', (_what, target, path) => {
  const place = placeIn(dir());
  writeTree(dir(), { '/srv/web/b': 'b' });
  fs.symlinkSync('srv/web', join(dir(), 'w'));
  const installed = { schema: 1 as const, version: '1.0.0', branch: 'stable', files: [], dirs: ['/w/in'] };
  const change = releaseChange(place, { version: '1.1.0', files: { '/w/in/a': 'a' } }, installed);
  const followed = followMoved(place, change, (found) => found.startsWith(target));
  expect(followed.puts[0]?.path).toBe(path);
  expect(followed.installed?.dirs).toEqual([path.slice(0, -2)]);
});

it('does not follow one that leads out of the device, or nowhere', () => {
  const place = placeIn(dir());
  const change = releaseChange(place, { version: '1.1.0', files: { '/w/a': 'a' } }, null);
  for (const to of ['/', 'nowhere']) {
    fs.rmSync(join(dir(), 'w'), { force: true });
    fs.symlinkSync(to, join(dir(), 'w'));
    expect(followMoved(place, change, () => true).puts[0]?.path).toBe('/w/a');
  }
});
