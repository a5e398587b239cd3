import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { freeSpace } from '../../../lib/io/disk.ts';
import { folderOfTest } from '../../helpers/temp.ts';

let dir = '';
beforeEach(() => {
  dir = folderOfTest('disk');
});

it.each([
  ['a-folder', '', ''],
  ['a-file', 'file', 'file'],
  ['not-there', 'a', ''],
  ['far-from-there', 'a/b/c/d', ''],
  ['below-a-file', 'file/x', 'file'],
])('tells the filesystem of a path that is %s', (_name, path, nearest) => {
  fs.writeFileSync(join(dir, 'file'), '');
  const space = freeSpace(join(dir, path));
  expect(space).toMatchObject({ device: fs.statSync(dir).dev, dir: join(dir, nearest) });
  expect(space.bytes).toBeGreaterThan(0);
  expect(space.inodes).toBeGreaterThan(0);
});

it('tells filesystems apart', () => {
  expect(freeSpace('/proc/x').device).not.toBe(freeSpace(dir).device);
});

it('does not take a filesystem without inode counts for a full one', () => {
  expect(freeSpace('/proc')).toMatchObject({ bytes: 0, inodes: Number.POSITIVE_INFINITY });
});
