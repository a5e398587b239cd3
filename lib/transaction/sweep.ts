/**
 * Removes what another user wrote. Root sweeps in folders of the user `pikit-update`, who could exchange a directory for a
 * symlink between our look and our next call, and so choose what root deletes. So every directory is held open, never through
 * a link, and its entries are named through the descriptor.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { UpdateError, errnoOf } from '../core/errors.ts';
import type { Links } from './held-directory.ts';
import { inDirectory } from './held-directory.ts';

/** Directories held open at once; what lies deeper is moved up first. */
const DEEPEST = 32;
/** A user who makes, or exchanges, folders faster than we remove them shall not hold root up for ever. */
const MOST_SURPRISES = 10_000;
const MOST_AT_ONE_NAME = 100;
/** What a folder answers that was something else a moment ago, or was empty. */
const EXCHANGED = new Set(['ENOTDIR', 'ELOOP', 'ENOENT', 'ENOTEMPTY', 'EEXIST']);
const HOISTED = '.swept-';

/** Whether a name is that of a directory which a sweep has moved up, and had no time to remove. */
export function isHoisted(name: string): boolean {
  return name.startsWith(HOISTED);
}

/**
 * Removes entries of `dir` with all that is in them, however deep, also while somebody exchanges them; links are removed, never
 * followed. That one is not there is fine. What cannot be removed does not keep the rest: the first error is thrown at the end.
 * `links`: whether `dir` itself may be one, where nobody else could have put it there.
 */
export function sweep(dir: string, names: readonly string[], links: Links = 'follow', mostSurprises = MOST_SURPRISES): void {
  const waiting = [...names];
  const errors: unknown[] = [];
  inDirectory(dir, links, (at) => {
    const sweeping: Sweeping = {
      surprises: mostSurprises,
      hoist(path) {
        assertPatience(sweeping, dir);
        const name = `${HOISTED}${randomBytes(8).toString('hex')}`;
        fs.renameSync(path, `${at}/${name}`);
        waiting.push(name);
      },
    };
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      try {
        remove(sweeping, `${at}/${name}`, 1);
      } catch (error) {
        errors.push(error);
      }
    }
  });
  if (errors.length > 0) throw errors[0];
}

interface Sweeping {
  /** How many more of them are put up with. */
  surprises: number;
  /** Moves a folder to the top, where its turn comes later. */
  hoist: (path: string) => void;
}

function assertPatience(sweeping: Sweeping, dir: string): void {
  sweeping.surprises -= 1;
  if (sweeping.surprises >= 0) return;
  throw new UpdateError('IO_ERROR', `there are more folders in each other in '${dir}' than can be removed at once, or somebody makes new ones`);
}

function remove(sweeping: Sweeping, path: string, depth: number): void {
  for (let left = MOST_AT_ONE_NAME; !unlinkUnlessDirectory(path); left -= 1) {
    // No deeper than a stack and a table of open files are.
    if (depth > DEEPEST) {
      sweeping.hoist(path);
      return;
    }
    try {
      inDirectory(path, 'refuse', (at) => {
        for (const name of fs.readdirSync(at)) remove(sweeping, `${at}/${name}`, depth + 1);
      });
      fs.rmdirSync(path);
      return;
    } catch (error) {
      sweeping.surprises -= 1;
      if (left === 0 || sweeping.surprises < 0 || !EXCHANGED.has(errnoOf(error) ?? '')) throw error;
    }
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
