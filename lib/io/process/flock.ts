/**
 * flock(2) on an open file or folder. It belongs to the open file, not to a process: flock(1) of util-linux takes it on the
 * descriptor that it is handed and ends, and it lasts until the descriptor is closed or this process ends, however that ends.
 */
import { spawn, spawnSync } from 'node:child_process';
import { UpdateError } from '../../core/errors.ts';

const BUSY_EXIT = 75;

/** `ended`: the wait was ended by a signal. */
export type LockResult = 'locked' | 'busy' | 'ended';

/**
 * Takes the lock, blocking this process for at most `waitSeconds`. Throws IO_ERROR when the command is missing, and for a file
 * system without locks; `what` names the thing then.
 */
export function flock(fd: number, what: string, waitSeconds: number): LockResult {
  const { status, error, stderr } = spawnSync('flock', argumentsFor(waitSeconds), { stdio: ['ignore', 'ignore', 'pipe', fd], encoding: 'utf8' });
  if (error !== undefined) throw notRun(error);
  return resultOf(status, what, stderr);
}

/** As flock(), without blocking; an abort ends the wait. */
export async function flockInTime(fd: number, what: string, waitSeconds: number, signal: AbortSignal): Promise<LockResult> {
  const child = spawn('flock', argumentsFor(waitSeconds), { stdio: ['ignore', 'ignore', 'pipe', fd], signal });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('close', resolve);
    child.on('error', (error) => {
      if (error.name === 'AbortError') resolve(null);
      else reject(notRun(error));
    });
  });
  return resultOf(status, what, stderr);
}

function argumentsFor(waitSeconds: number): string[] {
  return ['-x', '-w', String(waitSeconds), '-E', String(BUSY_EXIT), '3'];
}

function resultOf(status: number | null, what: string, stderr: string): LockResult {
  if (status === 0) return 'locked';
  if (status === BUSY_EXIT) return 'busy';
  if (status === null) return 'ended';
  throw new UpdateError('IO_ERROR', `${what} cannot be locked: ${stderr.trim()}`);
}

function notRun(error: Error): UpdateError {
  return new UpdateError('IO_ERROR', `the command 'flock' cannot be run: ${error.message}`, { hint: 'install the package util-linux' });
}
