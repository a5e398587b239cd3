/**
 * One writer at a time on a site: the lock lies on the folder itself, so that nothing is published with it, and belongs to an
 * open file, so that it ends with the process that holds it, however that ends. It is for the short moment in which a site is
 * read, compared and changed; a bundle is packed without it.
 */
import fs from 'node:fs';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import { flock } from '../../io/process/flock.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const WAIT_SECONDS = 30;

/** Runs `act` as the only writer of the site. Throws BUSY when another process is still writing after half a minute. */
export function withSiteLock<T>(dir: string, act: () => T, waitSeconds = WAIT_SECONDS): T {
  return withFolder(dir, (fd) => {
    takeLock(fd, dir, waitSeconds);
    return act();
  });
}

/**
 * The same where a site is read, or copied to: a file system without locks (NFS, some FUSE) may be published from and to, by one
 * person at a time.
 */
export function withLockIfAny<T>(dir: string, act: () => T, waitSeconds = WAIT_SECONDS): T {
  return withFolder(dir, (fd) => {
    try {
      takeLock(fd, dir, waitSeconds);
    } catch (error) {
      if (!(error instanceof UpdateError) || error.code !== 'IO_ERROR') throw error;
    }
    return act();
  });
}

function withFolder<T>(dir: string, act: (fd: number) => T): T {
  const fd = fs.openSync(dir, O_RDONLY | O_DIRECTORY);
  try {
    return act(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Locks a file or folder for as long as this process lives, or until the answer is called. Throws BUSY at once. */
export function holdLock(path: string): () => void {
  const fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    takeLock(fd, path, 0);
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
  return () => {
    fs.closeSync(fd);
  };
}

/** Whether a living process holds the lock of a file or folder. */
export function isLocked(path: string): boolean {
  try {
    holdLock(path)();
    return false;
  } catch (error) {
    if (error instanceof UpdateError && error.code === 'BUSY') return true;
    if (error instanceof UpdateError || errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function takeLock(fd: number, dir: string, waitSeconds: number): void {
  const result = flock(fd, `the site '${dir}'`, waitSeconds);
  if (result === 'ended') throw new UpdateError('CANCELLED', `cancelled while waiting for the site '${dir}'`);
  if (result === 'locked') return;
  throw new UpdateError('BUSY', `another process is changing the site '${dir}'`, {
    hint: 'wait until the other pikit-release has ended, then try again',
  });
}
