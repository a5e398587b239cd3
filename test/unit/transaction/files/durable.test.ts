import { matching } from '../../../helpers/matchers.ts';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  AT_ONCE,
  copyToNew,
  createNew,
  fsyncDir,
  hashAndSync,
  hashFile,
  holdsBytes,
  lstatOrNull,
  removeTree,
  rmdirIfEmpty,
  unlinkIfThere,
  writeDurable,
} from '../../../../lib/transaction/files/durable.ts';
import { runWithFault } from '../../../helpers/crash.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { snapshot, writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('writeDurable', () => {
  it('replaces a file by a new inode with exactly this mode, and leaves nothing beside it', () => {
    writeTree(dir(), { '/f': { text: 'old', mode: 0o600 } });
    const old = fs.openSync(`${dir()}/f`, 'r');
    writeDurable(`${dir()}/f`, 'new', { mode: 0o666 });
    expect(fs.readFileSync(old, 'utf8')).toBe('old');
    fs.closeSync(old);
    expect(snapshot(dir())).toEqual({ '/f': matching(/^file 0666 .*"new"$/) });
  });

  it('does not follow a symlink planted at its temp file', () => {
    writeTree(dir(), { '/victim': 'mine', '/f': 'old' });
    fs.symlinkSync('victim', `${dir()}/f.tmp`);
    writeDurable(`${dir()}/f`, 'new', { mode: 0o644 });
    expect(fs.readFileSync(`${dir()}/victim`, 'utf8')).toBe('mine');
    expect(fs.readdirSync(dir()).sort()).toEqual(['f', 'victim']);
  });

  it('leaves the old content and no temp file after an error at any call before the rename', () => {
    for (let at = 1; at <= 5; at += 1) {
      writeTree(dir(), { '/f': 'old' });
      const run = runWithFault({ kind: 'fail', at, errno: 'EIO', sticky: false }, () => {
        writeDurable(`${dir()}/f`, 'new', { mode: 0o644, owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 } });
      });
      expect(run.error, run.where).toBeDefined();
      expect(Object.values(snapshot(dir())), run.where).toEqual([expect.stringMatching(/"old"$/)]);
    }
  });
});

describe('hashing', () => {
  it.each([0, 1, 262_143, 262_144, 262_145, 600_000])('hashes and copies %i bytes', (size) => {
    const text = 'x'.repeat(size);
    writeTree(dir(), { '/f': text });
    expect(hashFile(`${dir()}/f`)).toBe(sha(text));
    expect(hashAndSync(`${dir()}/f`, AT_ONCE)).toBe(sha(text));
    expect(copyToNew(`${dir()}/f`, `${dir()}/g`, { mode: 0o640, owner: null })).toBe(sha(text));
    expect(fs.readFileSync(`${dir()}/g`, 'utf8')).toBe(text);
    expect(fs.statSync(`${dir()}/g`).mode & 0o7777).toBe(0o640);
  });

  it('never goes through a symlink, at either end', () => {
    writeTree(dir(), { '/f': 'x' });
    fs.symlinkSync('f', `${dir()}/l`);
    expect(() => hashFile(`${dir()}/l`)).toThrow(/ELOOP/);
    expect(() => copyToNew(`${dir()}/l`, `${dir()}/g`, { mode: 0o644, owner: null })).toThrow(/ELOOP/);
    expect(() => copyToNew(`${dir()}/f`, `${dir()}/l`, { mode: 0o644, owner: null })).toThrow(/EEXIST/);
    expect(fs.existsSync(`${dir()}/g`)).toBe(false);
  });

  it('answers for whatever is at a path', () => {
    writeTree(dir(), { '/f': 'x', '/d': null });
    fs.symlinkSync('f', `${dir()}/l`);
    execFileSync('mkfifo', [`${dir()}/p`]);
    const holds = Object.fromEntries(['f', 'd', 'l', 'p', 'none', 'f/x'].map((name) => [name, holdsBytes(`${dir()}/${name}`, { sha256: sha('x') })]));
    expect(holds).toEqual({ f: true, d: false, l: false, p: false, none: false, 'f/x': false });
    expect(holdsBytes(`${dir()}/f`, { sha256: sha('y') })).toBe(false);
  });
});

describe('createNew', () => {
  it('creates with mode, and refuses an existing file', () => {
    const create = (text: string, mode: number): void => {
      createNew(`${dir()}/f`, { mode, owner: null }, (write) => {
        write(Buffer.from(text));
      });
    };
    create('x', 0o4755);
    expect(fs.statSync(`${dir()}/f`).mode & 0o7777).toBe(0o4755);
    expect(() => {
      create('y', 0o644);
    }).toThrow(/EEXIST/);
    expect(fs.readFileSync(`${dir()}/f`, 'utf8')).toBe('x');
  });

  it('has the file to itself until it is filled, and for good when that fails', () => {
    const modes: string[] = [];
    const look = (): number => modes.push((fs.statSync(`${dir()}/f`).mode & 0o7777).toString(8));
    expect(() =>
      createNew(`${dir()}/f`, { mode: 0o644, owner: null }, (write) => {
        look();
        write(Buffer.from('not yet known to be right'));
        look();
        throw new Error('wrong bytes');
      }),
    ).toThrow('wrong bytes');
    look();
    expect(modes).toEqual(['600', '600', '600']);
  });
});

describe('directories', () => {
  it.each<[string, boolean, boolean]>([
    ['empty', true, false],
    ['full', false, true],
    ['none', true, false],
    ['file', false, true],
  ])('removes only an empty one: %s', (name, answer, isThere) => {
    writeTree(dir(), { '/empty': null, '/full/x': 'x', '/file': 'f' });
    expect(rmdirIfEmpty(`${dir()}/${name}`)).toBe(answer);
    expect(fs.existsSync(`${dir()}/${name}`)).toBe(isThere);
  });

  it('removes a tree without following links out of it', () => {
    writeTree(dir(), { '/t/a/b': 'x', '/t/c': 'y', '/mine/keep': 'k' });
    fs.symlinkSync('../mine', `${dir()}/t/l`);
    removeTree(`${dir()}/t`);
    removeTree(`${dir()}/t`);
    expect(Object.keys(snapshot(dir()))).toEqual(['/mine', '/mine/keep']);
  });

  it('syncs a directory and nothing else', () => {
    writeTree(dir(), { '/f': 'x' });
    fsyncDir(dir());
    expect(() => {
      fsyncDir(`${dir()}/f`);
    }).toThrow(/ENOTDIR/);
  });
});

describe('absence', () => {
  it('is null for a missing name and for a name below a file, and no other error', () => {
    writeTree(dir(), { '/f': 'x' });
    expect(lstatOrNull(`${dir()}/none`)).toBeNull();
    expect(lstatOrNull(`${dir()}/f/below`)).toBeNull();
    expect(lstatOrNull(`${dir()}/f`)?.isFile()).toBe(true);
    expect(() => lstatOrNull(`${dir()}/${'x'.repeat(300)}`)).toThrow(/ENAMETOOLONG/);
  });

  it('lets unlink say whether there was something', () => {
    writeTree(dir(), { '/f': 'x', '/d': null });
    expect(unlinkIfThere(`${dir()}/f`)).toBe(true);
    expect(unlinkIfThere(`${dir()}/f`)).toBe(false);
    expect(() => unlinkIfThere(`${dir()}/d`)).toThrow();
  });
});
