import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { SiteFile } from '../../../../lib/release/site/site-files.ts';
import { isPlaced, siteFiles, stageFiles, sweepFiles } from '../../../../lib/release/site/site-files.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { runWithFault } from '../../../helpers/crash.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { snapshot, writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const inode = (path: string): number => fs.lstatSync(join(dir(), path)).ino;

/** The files of a release on a branch, with a folder that has them. */
function made(branch: string, contents: Record<string, string>): { files: SiteFile[]; sourceOf: (file: SiteFile) => string } {
  const source = fs.mkdtempSync(join(dir(), 'source-'));
  writeTree(source, contents);
  const files = siteFiles(
    branch,
    Object.entries(contents).map(([path, text]) => ({ path, sha256: sha256(text), size: Buffer.byteLength(text), package: 'web' })),
  );
  return { files, sourceOf: ({ path }) => join(source, path) };
}

function publish(branch: string, contents: Record<string, string>): void {
  const { files, sourceOf } = made(branch, contents);
  stageFiles(dir(), files, sourceOf).place();
  sweepFiles(dir(), branch, files);
}

it('has one place for each file: branch, package, whole path', () => {
  expect(siteFiles('beta', [{ path: 'pikit-web/index.html', sha256: 'x', size: 5, package: 'ui' }])).toEqual([
    { path: 'pikit-web/index.html', sha256: 'x', size: 5, at: 'files/beta/ui/pikit-web/index.html' },
  ]);
  expect(siteFiles('beta', [{ path: 'pikit-web/index.html', sha256: 'x' }])).toEqual([
    { path: 'pikit-web/index.html', sha256: 'x', size: null, at: 'files/beta/web/pikit-web/index.html' },
  ]);
});

describe('stageFiles', () => {
  it('leaves the live files as they are until they are placed, and nothing if they are not', () => {
    publish('beta', { 'a/one': '1', 'a/two': '2' });
    const before = snapshot(join(dir(), 'files'));
    const { files, sourceOf } = made('beta', { 'a/one': 'other', 'b/new': 'n' });
    const staged = stageFiles(dir(), files, sourceOf);
    expect(snapshot(join(dir(), 'files/beta'))).toEqual(
      Object.fromEntries(Object.entries(before).flatMap(([path, is]) => (path.startsWith('/beta/') ? [[path.slice(5), is]] : []))),
    );
    staged.discard();
    expect(snapshot(join(dir(), 'files'))).toEqual(before);
  });

  it('writes only what is not in its place, and never into a file that is there', () => {
    publish('beta', { 'a/same': 's', 'a/changed': 'old' });
    const held = fs.openSync(join(dir(), 'files/beta/web/a/changed'), 'r');
    try {
      const same = inode('files/beta/web/a/same');
      publish('beta', { 'a/same': 's', 'a/changed': 'new' });
      expect(inode('files/beta/web/a/same')).toBe(same);
      expect(fs.readFileSync(held, 'utf8')).toBe('old');
      expect(fs.readFileSync(join(dir(), 'files/beta/web/a/changed'), 'utf8')).toBe('new');
    } finally {
      fs.closeSync(held);
    }
  });

  it('shares a file with a branch that has the same, until one of them gets another', () => {
    publish('stable', { 'a/same': 's', 'a/other': '1' });
    publish('beta', { 'a/same': 's', 'a/other': '2' });
    expect(inode('files/beta/web/a/same')).toBe(inode('files/stable/web/a/same'));
    expect(inode('files/beta/web/a/other')).not.toBe(inode('files/stable/web/a/other'));
    publish('beta', { 'a/same': 'no more', 'a/other': '1' });
    expect(fs.readFileSync(join(dir(), 'files/stable/web/a/same'), 'utf8')).toBe('s');
    expect(inode('files/beta/web/a/other')).toBe(inode('files/stable/web/a/other'));
  });

  it('shares nothing with the folder that the release is built from', () => {
    const { files, sourceOf } = made('beta', { one: '1' });
    stageFiles(dir(), files, sourceOf).place();
    const [file] = files;
    expect(file !== undefined && fs.statSync(sourceOf(file)).nlink).toBe(1);
  });

  it.each(['EPERM', 'EXDEV', 'EMLINK', 'EOPNOTSUPP'])('copies where links fail with %s', (code) => {
    publish('stable', { a: '1' });
    const real = fs.linkSync;
    try {
      fs.linkSync = () => {
        throw Object.assign(new Error(code), { code });
      };
      publish('beta', { a: '1' });
    } finally {
      fs.linkSync = real;
    }
    expect(fs.readFileSync(join(dir(), 'files/beta/web/a'), 'utf8')).toBe('1');
    expect(inode('files/beta/web/a')).not.toBe(inode('files/stable/web/a'));
  });

  it('makes folders of files, and files of folders', () => {
    publish('beta', { 'a/b/c': '1', d: '2' });
    publish('beta', { 'a/b': 'file', 'd/e/f': 'deep' });
    expect(Object.keys(snapshot(join(dir(), 'files/beta/web')))).toEqual(['/a', '/a/b', '/d', '/d/e', '/d/e/f']);
  });

  it('follows no link in its folders', () => {
    writeTree(dir(), { '/elsewhere/mine': 'mine', '/files/beta': null });
    fs.symlinkSync(join(dir(), 'elsewhere'), join(dir(), 'files/beta/web'));
    publish('beta', { mine: 'theirs' });
    expect(fs.readFileSync(join(dir(), 'elsewhere/mine'), 'utf8')).toBe('mine');
    expect(fs.readFileSync(join(dir(), 'files/beta/web/mine'), 'utf8')).toBe('theirs');
  });

  it('takes for its own nothing that lies behind a link', () => {
    writeTree(dir(), { '/elsewhere/same': 'same', '/files/beta': null });
    fs.symlinkSync(join(dir(), 'elsewhere'), join(dir(), 'files/beta/web'));
    publish('beta', { same: 'same' });
    expect(fs.lstatSync(join(dir(), 'files/beta/web')).isDirectory()).toBe(true);
    expect(fs.readFileSync(join(dir(), 'files/beta/web/same'), 'utf8')).toBe('same');
    expect(fs.readFileSync(join(dir(), 'elsewhere/same'), 'utf8')).toBe('same');
  });

  it('refuses a source that is not what the release says, and leaves nothing', () => {
    const { files, sourceOf } = made('beta', { a: '1', b: '2' });
    fs.writeFileSync(sourceOf({ path: 'b', sha256: '', size: 0, at: '' }), 'changed');
    expect(() => stageFiles(dir(), files, sourceOf)).toThrow(expect.objectContaining({ code: 'INPUT_REFUSED' }));
    expect(fs.readdirSync(join(dir(), 'files'))).toEqual([]);
  });

  it('leaves nothing on a full disk', () => {
    publish('beta', { a: 'old' });
    const before = snapshot(join(dir(), 'files'));
    const { files, sourceOf } = made('beta', { a: '1', b: '2' });
    const { error } = runWithFault({ kind: 'fail', at: 4, errno: 'ENOSPC', sticky: true }, () => stageFiles(dir(), files, sourceOf));
    expect(error).toMatchObject({ code: 'ENOSPC' });
    expect(snapshot(join(dir(), 'files'))).toEqual(before);
  });
});

describe('sweepFiles', () => {
  it('leaves exactly the release, on this branch only', () => {
    publish('stable', { 'a/old': '1' });
    publish('beta', { 'a/old': '1', 'b/new': '2' });
    writeTree(join(dir(), 'files'), { '/beta/web/x/y/z': 'stray', '/beta/empty': null, '/.pikit-0a1b2c3d.tmp/0': 'left', '/stable/mine': 'm' });
    const { files } = made('beta', { 'b/new': '2' });
    sweepFiles(dir(), 'beta', files);
    expect(Object.keys(snapshot(join(dir(), 'files')))).toEqual([
      '/beta',
      '/beta/web',
      '/beta/web/b',
      '/beta/web/b/new',
      '/stable',
      '/stable/mine',
      '/stable/web',
      '/stable/web/a',
      '/stable/web/a/old',
    ]);
  });
});

it('knows what is in its place by size and hash', () => {
  const { files, sourceOf } = made('beta', { a: '1', b: '2', c: '3' });
  stageFiles(dir(), files, sourceOf).place();
  fs.writeFileSync(join(dir(), 'files/beta/web/b'), 'x');
  fs.rmSync(join(dir(), 'files/beta/web/c'));
  expect(files.map((file) => isPlaced(dir(), file))).toEqual([true, false, false]);
  expect(files.map((file) => isPlaced(dir(), { ...file, size: null }))).toEqual([true, false, false]);
  expect(files.map((file) => isPlaced(dir(), { ...file, size: 2 }))).toEqual([false, false, false]);
});
