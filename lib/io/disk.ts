import { dirname } from 'node:path';
import type { Room } from '../core/device/disk-space.ts';
import { errnoOf } from '../core/errors.ts';
import { lstatOrNull } from '../transaction/files/durable.ts';
import { roomIn } from '../transaction/files/mounts.ts';

/** What an unprivileged writer may still use of the filesystem that holds `path`, or the nearest directory above that this user can see. */
export function freeSpace(path: string): Room {
  let dir = path;
  while (!canSee(dir) && dirname(dir) !== dir) dir = dirname(dir);
  return roomIn(dir);
}

function canSee(path: string): boolean {
  try {
    return lstatOrNull(path) !== null;
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return false;
    throw error;
  }
}
