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
/** A user who makes folders faster than we remove them shall not hold root up for ever. */
const MOST_HOISTED = 10_000;
const HOISTED = '.swept-';

/** Whether a name is that of a directory which a sweep has moved up, and had no time to remove. */
export function isHoisted(name: string): boolean {
  return name.startsWith(HOISTED);
}

/**
 * Removes entries of `dir` with all that is in them, however deep; links are removed, never followed. That one is not there is
 * fine. What cannot be removed does not keep the rest: the first error is thrown at the end. `links`: whether `dir` itself may be one,
 * where nobody else could have put it there.
 */
export function sweep(dir: string, names: readonly string[], links: Links = 'follow', mostHoisted = MOST_HOISTED): void {
  const waiting = [...names];
  const errors: unknown[] = [];
  inDirectory(dir, links, (at) => {
    let hoisted = 0;
    const hoist = (path: string): void => {
      hoisted += 1;
      if (hoisted > mostHoisted) throw new UpdateError('IO_ERROR', `there are more folders in each other in '${dir}' than can be removed at once`);
      const name = `${HOISTED}${randomBytes(8).toString('hex')}`;
      fs.renameSync(path, `${at}/${name}`);
      waiting.push(name);
    };
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      try {
        remove(`${at}/${name}`, 1, hoist);
      } catch (error) {
        errors.push(error);
      }
    }
  });
  if (errors.length > 0) throw errors[0];
}

/** No deeper than a stack and a table of open files are: below that, a folder is moved to the top, where its turn comes later. */
function remove(path: string, depth: number, hoist: (path: string) => void): void {
  if (unlinkUnlessDirectory(path)) return;
  if (depth > DEEPEST) {
    hoist(path);
    return;
  }
  inDirectory(path, 'refuse', (at) => {
    for (const name of fs.readdirSync(at)) remove(`${at}/${name}`, depth + 1, hoist);
  });
  fs.rmdirSync(path);
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
