/**
 * The kernel lock that every step holds. It lasts until we end, however we end: pid files go stale, this cannot (two owners in 1 of
 * 25 rounds, measured). Node opens with O_CLOEXEC, so children do not keep it.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import { flock, flockInTime } from '../process/flock.ts';
import { ensureFolder, missing } from './real-directory.ts';

export interface LockOptions {
  waitMs: number;
  onWait: () => void;
  signal: AbortSignal;
  /** Who has it, if that is known: for the message. */
  holder?: () => string | null;
}

/**
 * Takes the lock, waiting at most `waitMs` for its holder; `onWait` is called once if there is a wait.
 * The lock is kept until the function that is returned is called, or this process ends; calling it again does nothing. Throws
 * BUSY when it is still taken then, PERMISSION when it cannot be opened; IO_ERROR or PERMISSION where it is gone and cannot be made;
 * IO_ERROR as flock() does.
 */
export async function takeLock(path: string, options: LockOptions): Promise<() => void> {
  const fd = openLock(path);
  let isHeld = true;
  const release = (): void => {
    if (isHeld) fs.closeSync(fd);
    isHeld = false;
  };
  try {
    if (await isLockedIn(fd, path, options)) return release;
  } catch (error) {
    release();
    throw error;
  }
  release();
  if (options.signal.aborted) throw new UpdateError('CANCELLED', 'cancelled while another step was running');
  const holder = options.holder?.() ?? null;
  throw new UpdateError('BUSY', `another update step is running ('${path}' is locked${holder === null ? '' : ` by ${holder}`})`, {
    hint: "wait until it has ended: `systemctl list-jobs` and `journalctl -f -u 'pikit-update-*'` show it",
  });
}

async function isLockedIn(fd: number, path: string, { waitMs, onWait, signal }: LockOptions): Promise<boolean> {
  if (flock(fd, `'${path}'`, 0) === 'locked') return true;
  if (waitMs === 0) return false;
  onWait();
  return (await flockInTime(fd, `'${path}'`, waitMs / 1000, signal)) === 'locked';
}

function openLock(path: string): number {
  try {
    ensureFolder(dirname(path));
    return fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW, 0o640);
  } catch (error) {
    if (error instanceof UpdateError) throw error;
    const gone = missing(path, error);
    if (gone !== null) throw gone;
    const errno = errnoOf(error);
    if (errno !== 'EACCES' && errno !== 'EPERM') throw error;
    throw new UpdateError('PERMISSION', `the lock '${path}' cannot be opened`, { hint: 'run it as root, or start the unit instead', cause: error });
  }
}
