import fs from 'node:fs';
import { expect, it } from 'vitest';
import { inDirectory, inside, openDirectory } from '../../../../lib/transaction/files/held-directory.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();

it('follows a link to the directory only where it is told to, and opens nothing else', () => {
  writeTree(dir(), { '/real/file': 'x', '/file': 'x' });
  fs.symlinkSync('real', `${dir()}/link`);
  expect(inDirectory(`${dir()}/link`, 'follow', (at) => fs.readdirSync(at))).toEqual(['file']);
  expect(inDirectory(`${dir()}/real`, 'refuse', (at) => fs.readdirSync(at))).toEqual(['file']);
  for (const name of ['link', 'file']) expect(() => openDirectory(`${dir()}/${name}`, 'refuse'), name).toThrow(/ENOTDIR|ELOOP/);
});

it('stays in the directory that was opened, whatever takes its name', () => {
  writeTree(dir(), { '/own/file': 'own', '/other/file': 'other' });
  const fd = openDirectory(`${dir()}/own`, 'refuse');
  fs.renameSync(`${dir()}/own`, `${dir()}/moved`);
  fs.symlinkSync('other', `${dir()}/own`);
  expect(fs.readFileSync(inside(fd, 'file'), 'utf8')).toBe('own');
  fs.closeSync(fd);
});

it('closes it whatever comes of it', () => {
  writeTree(dir(), { '/real/file': 'x' });
  const open = (): number => fs.readdirSync('/proc/self/fd').length;
  const before = open();
  expect(() =>
    inDirectory(`${dir()}/real`, 'refuse', () => {
      throw new Error('no');
    }),
  ).toThrow('no');
  expect(open()).toBe(before);
});
