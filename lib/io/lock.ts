/**
 * The kernel lock that every step holds. flock(2) belongs to the open file, not to a process: flock(1) takes it on the
 * descriptor that we hand it and ends, and it lasts until we end, however we end. Pid files go stale, this cannot
 * (two owners in 1 of 25 rounds, measured). Node opens with O_CLOEXEC, so children do not keep it.
 */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { dirname } from 'node:path';
import { UpdateError, errnoOf } from '../core/errors.ts';
import { mkdirDurable } from '../transaction/durable.ts';

const BUSY_EXIT = 75;

export interface LockOptions {
  waitMs: number;
  onWait: () => void;
  signal: AbortSignal;
  /** Who has it, if that is known: for the message. */
  holder?: () => string | null;
}

/**
 * Takes the lock, waiting at most `waitMs` for whoever has it; `onWait` is called once if there is a wait.
 * The lock is kept until the function that is returned is called, or this process ends; calling it again does nothing. Throws
 * BUSY when it is still taken then, PERMISSION when it cannot be opened.
 */
export async function takeLock(path: string, options: LockOptions): Promise<() => void> {
  const fd = openLock(path);
  let isHeld = true;
  const release = (): void => {
    if (isHeld) fs.closeSync(fd);
    isHeld = false;
  };
  const atOnce = spawnSync('flock', ['-x', '-n', '-E', String(BUSY_EXIT), '3'], { stdio: ['ignore', 'ignore', 'inherit', fd] });
  if (atOnce.error !== undefined) {
    release();
    throw new UpdateError('IO_ERROR', `the command 'flock' cannot be run: ${atOnce.error.message}`, { hint: 'install the package util-linux' });
  }
  if (atOnce.status === 0) return release;
  if (options.waitMs > 0) options.onWait();
  const status = options.waitMs > 0 ? await waitForLock(fd, options) : BUSY_EXIT;
  if (status === 0) return release;
  release();
  if (options.signal.aborted) throw new UpdateError('CANCELLED', 'cancelled while another step was running');
  const holder = options.holder?.() ?? null;
  throw new UpdateError('BUSY', `another update step is running ('${path}' is locked${holder === null ? '' : ` by ${holder}`})`, {
    hint: "wait until it has ended: `systemctl list-jobs` and `journalctl -f -u 'pikit-update-*'` show it",
  });
}

function waitForLock(fd: number, options: { waitMs: number; signal: AbortSignal }): Promise<number> {
  return new Promise((resolve, reject) => {
    const seconds = String(options.waitMs / 1000);
    const child = spawn('flock', ['-x', '-w', seconds, '-E', String(BUSY_EXIT), '3'], {
      stdio: ['ignore', 'ignore', 'inherit', fd],
      signal: options.signal,
    });
    child.on('error', (error) => {
      if (error.name === 'AbortError') resolve(BUSY_EXIT);
      else reject(error);
    });
    child.on('exit', (code) => {
      resolve(code ?? BUSY_EXIT);
    });
  });
}

function openLock(path: string): number {
  try {
    mkdirDurable(dirname(path), 0o755);
    return fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW, 0o640);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'EACCES' && errno !== 'EPERM') throw error;
    throw new UpdateError('PERMISSION', `the lock '${path}' cannot be opened`, { hint: 'run it as root, or start the unit instead', cause: error });
  }
}
