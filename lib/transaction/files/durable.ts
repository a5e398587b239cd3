/**
 * Durable file operations: what returns has reached the disk.
 * A file is replaced by: temp file in the same directory → fsync → rename → fsync of the directory (rename(2) is atomic,
 * but neither it nor the data is on disk before those fsyncs; ALICE, OSDI 2014). A failed fsync is final, never retried:
 * the kernel may have dropped the dirty pages (fsyncgate, 2018).
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import { openTemp } from './free-temp.ts';
import { withPath } from './with-path.ts';

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_DIRECTORY } = fs.constants;
const CHUNK_BYTES = 256 * 1024;
let chunk: Buffer | null = null;

/** The next bytes of an open file, in the one buffer for every read, as nothing here runs beside anything else: most files are far smaller than it is. */
export function readChunk(fd: number, most = CHUNK_BYTES): Buffer {
  chunk ??= Buffer.allocUnsafe(CHUNK_BYTES);
  return chunk.subarray(0, fs.readSync(fd, chunk, 0, Math.min(chunk.length, most), null));
}

export interface Ownership {
  uid: number;
  gid: number;
}

/** lstat, with null for "not there" (ENOENT, or a parent that is not a directory). Every other error is thrown. */
export function lstatOrNull(path: string): fs.Stats | null {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR' || errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** How what was written is made durable: each by itself, or all at a barrier (barrier.ts). */
export interface Sync {
  /** The bytes, the owner and the mode of an open file. */
  file: (fd: number, path: string) => void;
  /** The entries of a directory. */
  dir: (path: string) => void;
}

/** What returns has reached the disk. */
export const AT_ONCE: Sync = {
  file: (fd) => {
    fs.fsyncSync(fd);
  },
  dir: (path) => {
    fsyncDir(path);
  },
};

/** Makes the entries of a directory durable. */
export function fsyncDir(dir: string): void {
  const fd = fs.openSync(dir, O_RDONLY | O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Removes a file; that it is not there is fine. Not durable until its directory is synced. */
export function unlinkIfThere(path: string): boolean {
  try {
    fs.unlinkSync(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Removes a directory if it is empty; reports whether it is gone. One that others use (ENOTEMPTY, EBUSY) stays. */
export function rmdirIfEmpty(path: string): boolean {
  try {
    fs.rmdirSync(path);
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') return true;
    if (errno === 'ENOTEMPTY' || errno === 'EEXIST' || errno === 'ENOTDIR' || errno === 'EBUSY') return false;
    throw error;
  }
}

/** Removes a file, or a directory with all that is in it. Not durable until the directory above is synced. */
export function removeTree(path: string): void {
  const stat = lstatOrNull(path);
  if (stat === null) return;
  if (!stat.isDirectory()) {
    unlinkIfThere(path);
    return;
  }
  for (const name of fs.readdirSync(path)) removeTree(`${path}/${name}`);
  fs.rmdirSync(path);
}

/** Opens a regular file for reading: never through a symlink, never blocking on a FIFO that was put there. */
export function openToRead(path: string): number {
  return fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
}

/** The sha256 of what is left of an open file, which `each` gets as well. */
function hashOpen(fd: number, each: (bytes: Uint8Array) => void): string {
  const hash = createHash('sha256');
  for (;;) {
    const bytes = readChunk(fd);
    if (bytes.length === 0) return hash.digest('hex');
    hash.update(bytes);
    each(bytes);
  }
}

/** sha256 of a regular file, in hex, never through a symlink. */
export function hashFile(path: string): string {
  return pourFile(path, () => undefined);
}

/** Makes a file that another process wrote durable, and returns the sha256 of what is durable then. */
export function hashAndSync(path: string, sync: Sync): string {
  const fd = openToRead(path);
  try {
    sync.file(fd, path);
    return hashOpen(fd, () => undefined);
  } finally {
    fs.closeSync(fd);
  }
}

/** Whether a regular file with these bytes is there. One that cannot be read (EIO) does not hold them: there may be a copy. */
export function holdsBytes(path: string, facts: { sha256: string }): boolean {
  try {
    return lstatOrNull(path)?.isFile() === true && hashFile(path) === facts.sha256;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'EIO') return false;
    throw error;
  }
}

function writeAll(fd: number, data: Uint8Array): void {
  for (let offset = 0; offset < data.length;) offset += fs.writeSync(fd, data, offset, data.length - offset);
}

export interface Finish {
  mode: number;
  owner: Ownership | null;
}

/** fchmod after fchown, which would clear bits. */
function setOwnerAndMode(fd: number, { mode, owner }: Finish): void {
  if (owner !== null) fs.fchownSync(fd, owner.uid, owner.gid);
  fs.fchmodSync(fd, mode);
}

/** Replaces `path` atomically, and no more: after a power cut it may be empty. `owner` is set by the descriptor, never by the name. */
export function writeAtomic(path: string, data: string, options: { mode: number; owner: Ownership | null }): void {
  const { owner } = options;
  replace(path, (fd) => {
    // First: a half-written file that a kill leaves must belong to the user who has to remove it.
    if (owner !== null) fs.fchownSync(fd, owner.uid, owner.gid);
    writeAll(fd, Buffer.from(data));
    setOwnerAndMode(fd, options);
  });
}

/**
 * Replaces `path` atomically and durably. `owner` defaults to the running user. On failure the old content is untouched
 * and the temp file is gone.
 */
export function writeDurable(path: string, data: string | Uint8Array, options: { mode: number; owner?: Ownership | null }): void {
  const owner = options.owner ?? null;
  replace(path, (fd) => {
    if (owner !== null) fs.fchownSync(fd, owner.uid, owner.gid);
    writeAll(fd, typeof data === 'string' ? Buffer.from(data) : data);
    setOwnerAndMode(fd, { mode: options.mode, owner });
    fs.fsyncSync(fd);
  });
  fsyncDir(dirname(path));
}

function replace(path: string, fill: (fd: number) => void): void {
  const { temp, fd } = openTemp(path);
  try {
    try {
      fill(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temp, path);
  } catch (error) {
    removeQuietly(temp);
    throw withPath(error, path);
  }
}

/** Best effort on a path that is already failing: the first error is the one to report. */
function removeQuietly(path: string): void {
  try {
    fs.unlinkSync(path);
  } catch {
    // Safe to ignore: the next writer removes a leftover temp file before it creates its own.
  }
}

/**
 * Creates a new file, durable (as `sync` has it) but for its directory entry, and returns what `fill` returns. It gets its mode and owner when it is
 * filled: until then, and when `fill` throws, only who runs this can read it. Refuses an existing one (EEXIST).
 */
export function createNew<T>(path: string, finish: Finish, fill: (write: (bytes: Uint8Array) => void) => T, sync: Sync = AT_ONCE): T {
  const fd = fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    const filled = fill((bytes) => {
      writeAll(fd, bytes);
    });
    setOwnerAndMode(fd, finish);
    sync.file(fd, path);
    return filled;
  } finally {
    fs.closeSync(fd);
  }
}

/** Hands over a whole regular file, never through a symlink, and returns the sha256 of the bytes. */
export function pourFile(source: string, write: (bytes: Uint8Array) => void): string {
  const from = openToRead(source);
  try {
    return hashOpen(from, write);
  } finally {
    fs.closeSync(from);
  }
}

/**
 * Copies a regular file to a new one, durable but for its directory entry, and returns the sha256 of the bytes written:
 * the caller compares it, so a source that changes between check and use is found. Never follows a symlink at either end.
 */
export function copyToNew(source: string, path: string, finish: Finish, sync: Sync = AT_ONCE): string {
  const from = openToRead(source);
  try {
    return createNew(path, finish, (write) => hashOpen(from, write), sync);
  } finally {
    fs.closeSync(from);
  }
}
