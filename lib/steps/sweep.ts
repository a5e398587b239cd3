/**
 * Removes what another user wrote. Root sweeps in folders of the user `pikit-update`, who could exchange a directory for a
 * symlink between our look and our next call, and so choose what root deletes. So every directory is held open, never through
 * a link, and its entries are named through the descriptor.
 */
import fs from 'node:fs';
import { errnoOf } from '../core/errors.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = fs.constants;

/** Removes entries of `dir` with all that is in them; links are removed, never followed. That one is not there is fine. */
export function sweep(dir: string, names: readonly string[]): void {
  inDirectory(dir, O_RDONLY | O_DIRECTORY, (at) => {
    for (const name of names) remove(`${at}/${name}`);
  });
}

function remove(path: string): void {
  if (unlinkUnlessDirectory(path)) return;
  inDirectory(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, (at) => {
    for (const name of fs.readdirSync(at)) remove(`${at}/${name}`);
  });
  fs.rmdirSync(path);
}

function inDirectory(path: string, flags: number, act: (at: string) => void): void {
  const fd = fs.openSync(path, flags);
  try {
    act(`/proc/self/fd/${String(fd)}`);
  } finally {
    fs.closeSync(fd);
  }
}

function unlinkUnlessDirectory(path: string): boolean {
  try {
    fs.unlinkSync(path);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return true;
    if (errno === 'EISDIR' || errno === 'EPERM') return false;
    throw error;
  }
}
