/** A folder of another user, written to by root: who owns it may exchange what is in it, and who owns the one above may exchange it. */
import fs from 'node:fs';
import { UpdateError, errnoOf } from '../core/errors.ts';
import type { Ownership } from '../transaction/durable.ts';
import { openDirectory } from '../transaction/held-directory.ts';

/**
 * Holds a directory open, never one that a link leads to, and names it through its descriptor: whoever may write above it
 * can exchange it for a link in the meantime, and does not redirect what is done in it. Throws DEST_TYPE for what is no directory.
 */
export function inRealDirectory<T>(dir: string, act: (at: string, owner: Ownership) => T): T {
  const fd = openRealDirectory(dir);
  try {
    return act(`/proc/self/fd/${String(fd)}`, fs.fstatSync(fd));
  } finally {
    fs.closeSync(fd);
  }
}

function openRealDirectory(dir: string): number {
  try {
    return openDirectory(dir, 'refuse');
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ENOTDIR' && errno !== 'ELOOP') throw error;
    throw new UpdateError('DEST_TYPE', `'${dir}' is not a directory, or a symbolic link: nothing is written there`, {
      hint: 'put a directory there; `systemd-tmpfiles --create pikit-update.conf` makes it as it should be',
      cause: error,
    });
  }
}
