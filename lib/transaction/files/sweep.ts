/**
 * Removes what another user wrote. Root sweeps in folders of the user `pikit-update`, who could exchange a directory for a
 * symlink between our look and our next call, and so choose what root deletes. So every directory is held open, never through
 * a link, and its entries are named through the descriptor.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { UpdateError, errnoOf } from '../../core/errors.ts';
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
 * Removes entries of `dir` with all that is in them, however deep, also while another process exchanges them; links are removed, never
 * followed. That one is not there is fine. What cannot be removed does not keep the rest: the first error is thrown at the end.
 * `links`: whether `dir` itself may be one, where no other user could have put it there. `mostEntries`: what has more is only begun,
 * which is an IO_ERROR as well.
 */
export function sweep(
  dir: string,
  names: readonly Path[],
  links: Links = 'follow',
  { mostSurprises = MOST_SURPRISES, mostEntries = Infinity } = {},
): void {
  const waiting: Path[] = [...names];
  const errors: unknown[] = [];
  inDirectory(dir, links, (at) => {
    const sweeping: Sweeping = {
      surprises: mostSurprises,
      entries: mostEntries,
      hoist(path) {
        assertPatience(sweeping, dir);
        const name = `${HOISTED}${randomBytes(8).toString('hex')}`;
        fs.renameSync(path, `${at}/${name}`);
        waiting.push(name);
      },
    };
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      try {
        remove(sweeping, below(at, name), 1);
      } catch (error) {
        errors.push(error);
      }
    }
  });
  if (errors.length > 0) throw errors[0];
}

/** Removes one entry of a folder if no more than `mostEntries` are in it; of more, some. Throws where it, or a part of it, is left. */
export function sweepSome(path: string, mostEntries: number): void {
  if (unlinkUnlessDirectory(path)) return;
  const names = inDirectory(path, 'refuse', (at) => namesIn(at, mostEntries));
  // From within: what lies too deep is moved up no higher than here.
  sweep(path, names, 'refuse', { mostEntries });
  fs.rmdirSync(path);
}

interface Sweeping {
  /** How many more of them are put up with. */
  surprises: number;
  /** How many more entries may be removed. */
  entries: number;
  /** Moves a folder to the top, where its turn comes later. */
  hoist: (path: Path) => void;
}

/** Names are bytes: one that is no UTF-8 would name nothing any more once it was a string. */
type Path = string | Buffer;

function below(at: string, name: Path): Buffer {
  return Buffer.concat([Buffer.from(`${at}/`), Buffer.from(name)]);
}

function assertPatience(sweeping: Sweeping, dir: string): void {
  sweeping.surprises -= 1;
  if (sweeping.surprises >= 0) return;
  throw new UpdateError('IO_ERROR', `'${dir}' has too many nested folders to remove at once, or another process creates new ones`);
}

function remove(sweeping: Sweeping, path: Path, depth: number): void {
  sweeping.entries -= 1;
  if (sweeping.entries < 0) throw new UpdateError('IO_ERROR', 'it has too many entries to remove at once');
  for (let left = MOST_AT_ONE_NAME; !unlinkUnlessDirectory(path); left -= 1) {
    // No deeper than a stack and a table of open files are.
    if (depth > DEEPEST) {
      sweeping.hoist(path);
      return;
    }
    try {
      inDirectory(path, 'refuse', (at) => {
        for (const name of namesIn(at, sweeping.entries)) remove(sweeping, below(at, name), depth + 1);
      });
      fs.rmdirSync(path);
      return;
    } catch (error) {
      sweeping.surprises -= 1;
      if (left === 0 || sweeping.surprises < 0 || !EXCHANGED.has(errnoOf(error) ?? '')) throw error;
    }
  }
}

/** Not all of them where that would be more than can be removed: a list of ten million names does not fit into memory. */
function namesIn(dir: string, mostEntries: number): Buffer[] {
  if (mostEntries === Infinity) return fs.readdirSync(dir, { encoding: 'buffer' });
  const names: Buffer[] = [];
  // Latin-1 keeps each byte as it is.
  const reading = fs.opendirSync(dir, { encoding: 'latin1' });
  try {
    for (let entry = reading.readSync(); entry !== null && names.length <= mostEntries; entry = reading.readSync())
      names.push(Buffer.from(entry.name, 'latin1'));
  } finally {
    reading.closeSync();
  }
  return names;
}

function unlinkUnlessDirectory(path: Path): boolean {
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
