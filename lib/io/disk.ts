import fs from 'node:fs';
import { dirname } from 'node:path';
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

/** What an unprivileged writer may still use of the filesystem that holds `path`. */
export function freeSpace(path: string): FreeSpace {
  let dir = path;
  while (lstatOrNull(dir) === null && dirname(dir) !== dir) dir = dirname(dir);
  const stats = fs.statfsSync(dir);
  return {
    device: fs.statSync(dir).dev,
    dir,
    bytes: stats.bavail * stats.bsize,
    inodes: stats.files === 0 ? Number.POSITIVE_INFINITY : stats.ffree,
  };
}
