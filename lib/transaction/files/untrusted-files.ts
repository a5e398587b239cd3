/**
 * The rule for what root takes from folders of the user `pikit-update`, who parses what strangers send and may be theirs: bytes of
 * a length and digest that are known beforehand, and nothing else. They come through descriptors, from a folder whose own path is
 * root's down to the file, one name at a time and never through a link: a linked folder would make root fetch any file of the
 * device. No folder on the way and no file at its end may be another's, no file may have a second name (a hard link into a place
 * that the user cannot read), and none is read past the length that it has to have. What is wrong is told without a word of what
 * was found: every user can read an error.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import { readChunk } from './durable.ts';
import { inside, openDirectory } from './held-directory.ts';
import type { PlainRead } from './plain-file.ts';
import { LEASED } from './plain-file.ts';
import { othersWhoMayChange } from '../plan/unsafe-dirs.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

export interface TakenFile {
  size: number;
  uid: number;
  /** The first bytes. */
  head: (length: number) => Buffer;
  /**
   * Hands over as many bytes as the file had when it was opened, and not one more; returns their sha256, or null when the file
   * has become shorter or longer meanwhile.
   */
  pour: (write: (bytes: Uint8Array) => void) => string | null;
}

export type Taken<T> =
  | { is: 'absent' }
  /** Not to be taken; `why` says what is wrong, as the rest of a sentence. */
  | { is: 'odd'; why: string }
  | { is: 'there'; value: T };

export interface UntrustedFolder {
  /**
   * Opens one file below the folder for as long as `act` takes. `size`: exactly so many bytes, where that is known; else at most
   * `maxBytes`. Errors of the disk are thrown, with the path that people know.
   */
  take: <T>(path: string, expected: { size: number | null; maxBytes: number }, act: (file: TakenFile) => T) => Taken<T>;
  close: () => void;
}

/** A folder on the way to the file that was taken last. */
interface Step {
  name: string;
  fd: number;
}

/** What is wrong, on its way out of a few calls. */
class Odd extends Error {}

/**
 * Holds a folder of the user open. A link at the end of its own path is followed: only root can have put one there. The folders
 * below stay open from one file to the next of the same folder. To be closed.
 */
export function holdUntrusted(base: string): UntrustedFolder {
  const root = openDirectory(base, 'follow');
  const owner = fs.fstatSync(root);
  const way: Step[] = [];

  function goTo(names: readonly string[]): number {
    const known = way.findIndex(({ name }, at) => names[at] !== name);
    for (const { fd } of way.splice(known === -1 ? names.length : known).reverse()) fs.closeSync(fd);
    for (const name of names.slice(way.length)) way.push({ name, fd: openBelow(way.at(-1)?.fd ?? root, name, owner) });
    return way.at(-1)?.fd ?? root;
  }

  return {
    take(path, expected, act) {
      const names = path.split('/');
      const name = names.pop() ?? '';
      const known = `${base}/${path}`;
      let fd: number;
      try {
        fd = openFile(goTo(names), name);
      } catch (error) {
        if (error instanceof Odd) return { is: 'odd', why: error.message };
        if (errnoOf(error) === 'ENOENT') return { is: 'absent' };
        throw named(error, known);
      }
      try {
        const stat = fs.fstatSync(fd);
        const why = problemOf(stat, owner, expected);
        return why === null ? { is: 'there', value: act(takenFile(fd, stat, known)) } : { is: 'odd', why };
      } finally {
        fs.closeSync(fd);
      }
    },
    close() {
      for (const { fd } of way.splice(0).reverse()) fs.closeSync(fd);
      fs.closeSync(root);
    },
  };
}

/** One small file below a folder of the user, whole; odd as well when it changes while it is read, or the folder is no folder. */
export function readUntrusted(base: string, path: string, maxBytes: number): PlainRead {
  let folder: UntrustedFolder;
  try {
    folder = holdUntrusted(base);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { is: 'absent' };
    if (errnoOf(error) === 'ENOTDIR') return { is: 'odd', why: 'is not in a folder' };
    throw error;
  }
  try {
    const taken = folder.take(path, { size: null, maxBytes }, (file) => ({ bytes: whole(file), uid: file.uid }));
    if (taken.is !== 'there') return taken;
    const { bytes, uid } = taken.value;
    return bytes === null ? { is: 'odd', why: 'was changed while it was read' } : { is: 'there', bytes, uid };
  } finally {
    folder.close();
  }
}

/** As readUntrusted, where it does not matter what is wrong: null when it is not there, or odd. */
export function untrustedBytes(base: string, path: string, maxBytes: number): Buffer | null {
  const read = readUntrusted(base, path, maxBytes);
  return read.is === 'there' ? read.bytes : null;
}

/** STAGED_INVALID: what was staged is removed, and downloaded again the next time. `why` names the file, and nothing of what was found. */
export function stagedInvalid(why: string, cause?: unknown): UpdateError {
  return new UpdateError('STAGED_INVALID', `the staged release is damaged: ${why}`, { hint: 'run it again to download the release again', cause });
}

function whole({ pour, size }: TakenFile): Buffer | null {
  const chunks: Buffer[] = [];
  const sha256 = pour((bytes) => {
    chunks.push(Buffer.from(bytes));
  });
  return sha256 === null ? null : Buffer.concat(chunks, size);
}

function openBelow(parent: number, name: string, owner: fs.Stats): number {
  assertName(name);
  let fd: number;
  try {
    fd = openDirectory(inside(parent, name), 'refuse');
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ELOOP' || errno === 'ENOTDIR') throw new Odd('is behind a symbolic link or a non-directory');
    throw error;
  }
  const others = othersWhoMayChange(fs.fstatSync(fd), owner);
  if (others === null) return fd;
  fs.closeSync(fd);
  throw new Odd('is in a folder that belongs to another user, or that others may write to');
}

/** Opened without waiting: a pipe may never have a writer. */
function openFile(parent: number, name: string): number {
  assertName(name);
  try {
    return fs.openSync(inside(parent, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ELOOP') throw new Odd('is a symbolic link');
    if (errno === 'ENXIO') throw new Odd('is a special file');
    if (errno === 'EAGAIN') throw new Odd(LEASED);
    throw error;
  }
}

function assertName(name: string): void {
  if (name === '' || name === '.' || name === '..') throw new Odd('has no name of a file below it');
}

/** What speaks against a file before a byte of it is read. Second names matter where another user can make them. */
function problemOf(stat: fs.Stats, owner: fs.Stats, { size, maxBytes }: { size: number | null; maxBytes: number }): string | null {
  if (!stat.isFile()) return stat.isDirectory() ? 'is a directory' : 'is a special file';
  if (stat.nlink > 1 && owner.uid !== process.geteuid?.()) return 'has a second name';
  if (stat.uid !== owner.uid && stat.uid !== 0) return 'belongs to another user';
  if (size !== null) return stat.size === size ? null : `does not have the expected ${String(size)} bytes`;
  return stat.size > maxBytes ? `has more than the ${String(maxBytes)} bytes that are allowed` : null;
}

function takenFile(fd: number, { size, uid }: fs.Stats, path: string): TakenFile {
  return {
    size,
    uid,
    head(length) {
      const bytes = Buffer.alloc(Math.min(length, size));
      return bytes.subarray(
        0,
        naming(path, () => fs.readSync(fd, bytes, 0, bytes.length, 0)),
      );
    },
    pour(write) {
      const hash = createHash('sha256');
      for (let left = size; left > 0;) {
        const bytes = naming(path, () => readChunk(fd, left));
        if (bytes.length === 0) return null;
        hash.update(bytes);
        write(bytes);
        left -= bytes.length;
      }
      return fs.fstatSync(fd).size === size ? hash.digest('hex') : null;
    },
  };
}

function naming<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw named(error, path);
  }
}

/** Errors of Node about a descriptor name no path, or a meaningless one. */
function named(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || errnoOf(error) === null) return error;
  const known = 'path' in error ? String(error.path) : '';
  error.message = known === '' ? `${error.message} '${path}'` : error.message.replace(known, path);
  return Object.assign(error, { path });
}
