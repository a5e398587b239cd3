import fs from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../core/errors.ts';
import { lstatOrNull } from '../transaction/durable.ts';

export interface FreeSpace {
  /** Identifies the filesystem. */
  device: number;
  /** The directory that was asked about, or the nearest one above it that exists. */
  dir: string;
  bytes: number;
  /** Infinity on filesystems that do not count inodes (btrfs, vfat). */
  inodes: number;
}

/** What an unprivileged writer may still use of the filesystem that holds `path`, or the nearest directory above that this user can see. */
export function freeSpace(path: string): FreeSpace {
  let dir = path;
  while (!canSee(dir) && dirname(dir) !== dir) dir = dirname(dir);
  const stats = fs.statfsSync(dir);
  return {
    device: fs.statSync(dir).dev,
    dir,
    bytes: stats.bavail * stats.bsize,
    inodes: stats.files === 0 ? Number.POSITIVE_INFINITY : stats.ffree,
  };
}

function canSee(path: string): boolean {
  try {
    return lstatOrNull(path) !== null;
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return false;
    throw error;
  }
}
