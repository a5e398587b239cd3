/**
 * A directory tree that did not exist before and that only we write: every directory is made here, every file is opened with
 * O_EXCL and O_NOFOLLOW, so nothing that another process put there is ever followed or overwritten.
 */
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { UpdateError, errnoOf } from '../../core/errors.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
const DIRECTORY_MODE = 0o755;

export interface NewFile {
  write(chunk: Uint8Array): void;
  /** Gives the file its mode and closes it. */
  finish(mode: number): void;
  /** Closes a file that is not finished; does nothing after `finish`. */
  abandon(): void;
}

export interface FreshTree {
  /** Opens a new file below the root, making its directories. `path` must have passed releasePathProblem. */
  create(path: string): NewFile;
  /** Removes the whole tree. */
  discard(): void;
}

/** Makes `root`, whose parent must exist. Throws IO_ERROR when there is something already, and leaves that alone. */
export function createFreshTree(root: string): FreshTree {
  makeRoot(root);
  const made = new Set(['.']);

  function makeDirectory(path: string): void {
    if (made.has(path)) return;
    makeDirectory(dirname(path));
    makeOwn(join(root, path));
    made.add(path);
  }

  return {
    create(path) {
      makeDirectory(dirname(path));
      return openNew(join(root, path));
    },
    discard() {
      fs.rmSync(root, { recursive: true, force: true });
    },
  };
}

function makeRoot(root: string): void {
  try {
    makeOwn(root);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    throw new UpdateError('IO_ERROR', `'${root}' exists already, a new directory is needed there`, { cause: error });
  }
}

/** The umask must not decide who can read a release. */
function makeOwn(path: string): void {
  fs.mkdirSync(path, { mode: 0o700 });
  fs.chmodSync(path, DIRECTORY_MODE);
}

function openNew(path: string): NewFile {
  const fd = fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  let open = true;
  const close = (): void => {
    if (open) fs.closeSync(fd);
    open = false;
  };
  return {
    write(chunk) {
      for (let offset = 0; offset < chunk.length;) offset += fs.writeSync(fd, chunk, offset, chunk.length - offset);
    },
    finish(mode) {
      try {
        fs.fchmodSync(fd, mode);
      } finally {
        close();
      }
    },
    abandon: close,
  };
}
