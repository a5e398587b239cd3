import { describe, expect, it } from 'vitest';
import type { Room } from '../../../../lib/core/device/disk-space.ts';
import { assertFits, blocksOf } from '../../../../lib/core/device/disk-space.ts';
import { matching } from '../../../helpers/matchers.ts';

const MIB = 1024 * 1024;

function rooms(...list: Room[]): (path: string) => Room {
  return (path) => {
    const room = list.find(({ dir }) => path.startsWith(dir));
    if (room === undefined) throw new Error(`no filesystem for ${path}`);
    return room;
  };
}

const ROOT: Room = { device: 1, dir: '/', bytes: 10 * MIB, inodes: 100 };
const VAR: Room = { device: 2, dir: '/var', bytes: 3 * MIB, inodes: Number.POSITIVE_INFINITY };

describe('blocksOf', () => {
  it('rounds each file up to whole blocks', () => {
    expect([blocksOf([]), blocksOf([0]), blocksOf([1, 4096, 4097])]).toEqual([0, 0, 4096 + 4096 + 8192]);
  });
});

describe('assertFits', () => {
  it.each([
    ['nothing', []],
    ['all-but-the-reserve', [{ path: '/usr/x', bytes: 9 * MIB, inodes: 84 }]],
    [
      'one-on-each-filesystem',
      [
        { path: '/usr/x', bytes: 9 * MIB, inodes: 1 },
        { path: '/var/x', bytes: 2 * MIB, inodes: 1 },
      ],
    ],
    ['inodes-that-are-not-counted', [{ path: '/var/x', bytes: 0, inodes: 1_000_000 }]],
  ])('has room for %s', (_name, needs) => {
    expect(() => {
      assertFits(needs, rooms(VAR, ROOT));
    }).not.toThrow();
  });

  it.each([
    [
      'one-byte-too-many',
      [{ path: '/usr/x', bytes: 9 * MIB + 1, inodes: 0 }],
      'NO_SPACE',
      /'\/' has 10\.0 MiB free, and the update needs 10\.0 MiB$/,
    ],
    [
      'sum-of-two',
      [
        { path: '/var/x', bytes: MIB, inodes: 0 },
        { path: '/var/y', bytes: 2 * MIB, inodes: 0 },
      ],
      'NO_SPACE',
      /'\/var' has 3\.0 MiB free/,
    ],
    ['one-inode-too-many', [{ path: '/usr/x', bytes: 0, inodes: 85 }], 'NO_INODES', /'\/' has 100 inodes free, and the update needs 101$/],
    [
      'sum-of-inodes',
      [
        { path: '/a', bytes: 0, inodes: 50 },
        { path: '/b', bytes: 0, inodes: 50 },
      ],
      'NO_INODES',
      /needs 116$/,
    ],
  ])('has no room for %s', (_name, needs, code, says) => {
    expect(() => {
      assertFits(needs, rooms(VAR, ROOT));
    }).toThrow(expect.objectContaining({ code, message: matching(says), hint: matching('nothing was changed') }));
  });
});
