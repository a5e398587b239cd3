/**
 * Small files that are read whole: our own, and those in folders of a user whom root must not trust. In the place of one may be
 * a link to anything, a directory, a pipe that nobody writes to, or more bytes than fit into memory.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../core/errors.ts';
import { fsyncDir, lstatOrNull } from './durable.ts';
import { moveSlowly, renameDirectory } from './slow-way.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const WRITABLE_BY_OTHERS = 0o022;

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

/** Who may write to a folder can give a file that only others may read a second name in it: root would read it for them. */
function mayBeAnothers({ nlink }: fs.Stats, path: string): boolean {
  if (nlink < 2) return false;
  const { uid, mode } = fs.statSync(dirname(path));
  return (uid !== 0 && uid !== process.geteuid?.()) || (mode & WRITABLE_BY_OTHERS) !== 0;
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

/** What Node says about a descriptor has no path in it. */
function withPath(error: unknown, path: string): unknown {
  if (error instanceof Error && !error.message.includes(path)) error.message += ` '${path}'`;
  return error;
}

/** The name under which something damaged is kept: an earlier one there is replaced, unless one of the two is a directory. */
function asideOf(path: string): string {
  const aside = `${path}.damaged`;
  const isDirectory = (at: string): boolean => lstatOrNull(at)?.isDirectory() === true;
  if (!isDirectory(path) && !isDirectory(aside)) return aside;
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? aside : `${aside}-${String(n)}`;
    if (lstatOrNull(name) === null) return name;
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
export function clearPlace(path: string): void {
  if (lstatOrNull(path)?.isDirectory() === true) keepAside(path);
}
