import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clearWay, copyFile, filesBelow, blockedBy, removeFile, sweepCopies } from '../../../../lib/release/publish/folder-copy.ts';
import { snapshot, writeTree } from '../../../helpers/site-builder.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const names = (): string[] => snapshot(dir()).map((line) => line.split(' ')[0] ?? '');

it('copies a file once, with the folders that it needs, over what was left half', () => {
  writeTree(dir(), { a: 'one', 'to/b/c.publish.tmp': 'half' });
  expect(copyFile(join(dir(), 'a'), join(dir(), 'to/b/c'))).toBe(true);
  expect(copyFile(join(dir(), 'a'), join(dir(), 'to/b/c'))).toBe(false);
  expect(fs.readFileSync(join(dir(), 'to/b/c'), 'utf8')).toBe('one');
  expect(names()).toEqual(['a', 'to', 'to/b', 'to/b/c']);
});

describe('what is in the way', () => {
  it.each<[string, () => void, string | null]>([
    ['nothing', () => undefined, null],
    ['a-folder-that-it-needs', () => writeTree(dir(), { 'a/x': '' }), null],
    ['a-file-of-that-name', () => writeTree(dir(), { 'a/b/c': '' }), null],
    ['a-file-for-its-folder', () => writeTree(dir(), { 'a/b': '' }), 'a/b'],
    ['a-file-for-a-folder-above', () => writeTree(dir(), { a: '' }), 'a'],
    ['a-folder-in-its-place', () => writeTree(dir(), { 'a/b/c/d': '' }), 'a/b/c'],
    ['an-empty-folder-in-its-place', () => fs.mkdirSync(join(dir(), 'a/b/c'), { recursive: true }), 'a/b/c'],
    [
      'a-link-to-a-folder-above',
      () => {
        fs.mkdirSync(join(dir(), 'real'));
        fs.symlinkSync('real', join(dir(), 'a'));
      },
      null,
    ],
    [
      'a-link-to-nothing-above',
      () => {
        fs.symlinkSync('nowhere', join(dir(), 'a'));
      },
      'a',
    ],
  ])('%s', (_name, make, found) => {
    make();
    expect(blockedBy(dir(), 'a/b/c')).toBe(found);
    clearWay(dir(), 'a/b/c');
    expect(blockedBy(dir(), 'a/b/c')).toBeNull();
    writeTree(dir(), { source: 'new' });
    copyFile(join(dir(), 'source'), join(dir(), 'a/b/c'));
    expect(fs.readFileSync(join(dir(), 'a/b/c'), 'utf8')).toBe('new');
  });
});

it('removes a file with the folders that are empty then, and never the top', () => {
  writeTree(dir(), { 'files/stable/web/a/b': '', 'files/stable/c': '' });
  removeFile(dir(), 'files/stable/web/a/b', 'files');
  expect(names()).toEqual(['files', 'files/stable', 'files/stable/c']);
  removeFile(dir(), 'files/stable/c', 'files');
  expect(names()).toEqual(['files']);
});

it('lists what is finished, and sweeps what is ours and is not', () => {
  writeTree(dir(), {
    'files/b': '',
    'files/a/c': '',
    'files/a/d.publish.tmp': '',
    'files/.pikit-0badcafe.tmp/e': '',
    'files/f.partial': '',
    'patches/p.partial': '',
  });
  expect(filesBelow(dir(), 'files')).toEqual(['files/a/c', 'files/b', 'files/f.partial']); // there a release may have any name
  expect(filesBelow(dir(), 'patches')).toEqual([]);
  sweepCopies(dir(), 'files');
  expect(names()).not.toContain('files/a/d.publish.tmp');
  expect(names()).toContain('files/f.partial');
});
