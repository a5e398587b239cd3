import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { mountOf, existingParent, freeSpaceAt } from '../../../../lib/transaction/files/mounts.ts';
import { canMount } from '../../../helpers/mount.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();

describe('nearestDir', () => {
  it.each<[string, string]>([
    ['/a/b', '/a/b'],
    ['/a/b/none/at/all', '/a/b'],
    ['/a/b/file', '/a/b'],
    ['/a/b/file/below', '/a/b'],
  ])('%s', (path, expected) => {
    writeTree(dir(), { '/a/b/file': 'x' });
    expect(existingParent(dir() + path)).toBe(dir() + expected);
  });
});

describe('roomAt', () => {
  it('counts what is free where the path will be', () => {
    const room = freeSpaceAt(`${dir()}/not/yet`);
    expect(room).toMatchObject({ dir: dir(), device: fs.statSync(dir()).dev });
    expect(room.bytes).toBeGreaterThan(0);
    expect(room.inodes).toBeGreaterThan(0);
  });
});

describe('mountOf', () => {
  it('is the same for two directories of one mount', () => {
    writeTree(dir(), { '/a': null, '/b': null });
    expect(mountOf(`${dir()}/a`)).toBe(mountOf(`${dir()}/b`));
  });

  it.runIf(canMount())('differs where link(2) refuses, although the filesystem is the same', () => {
    writeTree(dir(), { '/a/x': 'x', '/b': null });
    execFileSync('mount', ['--bind', `${dir()}/b`, `${dir()}/b`]);
    try {
      expect(fs.statSync(`${dir()}/a`).dev).toBe(fs.statSync(`${dir()}/b`).dev);
      expect(() => {
        fs.linkSync(`${dir()}/a/x`, `${dir()}/b/x`);
      }).toThrow(/EXDEV/);
      expect(mountOf(`${dir()}/a`)).not.toBe(mountOf(`${dir()}/b`));
    } finally {
      execFileSync('umount', [`${dir()}/b`]);
    }
  });
});
