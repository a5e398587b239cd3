/**
 * Small files that are read whole: our own, and those in folders of a user whom root must not trust. In the place of one may be
 * a link to anything, a directory, a pipe without a writer, or more bytes than fit into memory.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import { fsyncDir, lstatOrNull } from './durable.ts';
import { moveSlowly, renameDirectory } from './move-slowly.ts';
import { sweepSome } from './sweep.ts';
import { withPath } from './with-path.ts';
import { othersWhoMayChange } from '../plan/unsafe-dirs.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/** The owner of a file can hold a lease on it (fcntl(2), F_SETLEASE): an open then waits for up to 45 s, or fails with EAGAIN. */
export const LEASED = 'is kept by another process, which has a lease on it';

export type PlainRead =
  | { is: 'absent' }
  /** No regular file, or too large; `why` says which, as the rest of a sentence. */
  | { is: 'odd'; why: string }
  /** `uid`: whose it is. */
  | { is: 'there'; bytes: Buffer; uid: number };

/**
 * The bytes of a regular file, never more than `maxBytes`, and never through a symbolic link unless `throughLinks` says so.
 * Errors of the disk are thrown, and name the path.
 */
export function readPlain(path: string, limits: { maxBytes: number; throughLinks?: boolean }): PlainRead {
  let fd: number;
  try {
    fd = fs.openSync(path, O_RDONLY | O_NONBLOCK | (limits.throughLinks === true ? 0 : O_NOFOLLOW));
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return { is: 'absent' };
    if (errno === 'ELOOP') return { is: 'odd', why: 'is a symbolic link' };
    if (errno === 'ENXIO') return { is: 'odd', why: 'is a special file' };
    if (errno === 'EAGAIN') return { is: 'odd', why: LEASED };
    throw error;
  }
  try {
    const stat = fs.fstatSync(fd);
    if (!stat.isFile()) return { is: 'odd', why: stat.isDirectory() ? 'is a directory' : 'is a special file' };
    if (limits.throughLinks !== true && mayBeAnothers(stat, path)) return { is: 'odd', why: 'has a second name' };
    if (stat.size > limits.maxBytes) return { is: 'odd', why: `has ${String(stat.size)} bytes, ${String(limits.maxBytes)} are allowed` };
    return { is: 'there', bytes: readAll(fd, stat.size), uid: stat.uid };
  } catch (error) {
    throw withPath(error, path);
  } finally {
    fs.closeSync(fd);
  }
}

/** A user who may write to a folder can give a file that only others may read a second name in it: root would read it for them. */
function mayBeAnothers({ nlink }: fs.Stats, path: string): boolean {
  if (nlink < 2) return false;
  return othersWhoMayChange(fs.statSync(dirname(path)), { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }) !== null;
}

/** The same where it does not matter what is wrong: null when it is not there, or odd. */
export function plainBytes(path: string, maxBytes: number): Buffer | null {
  const read = readPlain(path, { maxBytes });
  return read.is === 'there' ? read.bytes : null;
}

/** As many bytes as the file had when it was opened. */
function readAll(fd: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let length = 0;
  for (let count = -1; count !== 0 && length < size; length += count) count = fs.readSync(fd, bytes, length, size - length, null);
  return bytes.subarray(0, length);
}

/** How many of the obstacles to one file are kept, the newest: a process may put directories there again and again. */
const MOST_KEPT = 3;
/** How much of an older one is removed at a time: who fills directories shall not hold root up. */
const MOST_SWEPT = 1000;

/**
 * The name under which something damaged is kept: an earlier one there is replaced, unless one of the two is a directory. Then it
 * is one of MOST_KEPT names, and another one only where nothing under these can be removed.
 */
function asideOf(path: string): string {
  const aside = `${path}.damaged`;
  const isDirectory = (at: string): boolean => lstatOrNull(at)?.isDirectory() === true;
  if (!isDirectory(path) && !isDirectory(aside)) return aside;
  const numbered = (n: number): string => (n === 1 ? aside : `${aside}-${String(n)}`);
  const kept: { name: string; since: number }[] = [];
  for (let n = 1; n <= MOST_KEPT; n += 1) {
    const name = numbered(n);
    const stat = lstatOrNull(name);
    if (stat === null) return name;
    kept.push({ name, since: stat.ctimeMs });
  }
  const dropped = kept.sort((a, b) => a.since - b.since).find(({ name }) => isDropped(name));
  if (dropped !== undefined) return dropped.name;
  for (let n = MOST_KEPT + 1; ; n += 1) if (lstatOrNull(numbered(n)) === null) return numbered(n);
}

/** Best effort: what cannot be removed is left, and does no harm. */
function isDropped(path: string): boolean {
  try {
    sweepSome(path, MOST_SWEPT);
    return true;
  } catch {
    return false;
  }
}

/** Renames whatever is at a path to `<path>.damaged`, durably, and answers its new name. */
export function keepAside(path: string): string {
  const aside = asideOf(path);
  if (!renameDirectory(path, aside)) moveSlowly(path, aside);
  fsyncDir(dirname(path));
  return aside;
}

/** A directory in the place of one of our files is kept aside: no rename and no unlink of ours would get past it. */
export function clearPath(path: string): void {
  if (lstatOrNull(path)?.isDirectory() === true) keepAside(path);
}
