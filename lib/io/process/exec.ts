/** Runs fixed system commands through zx, with everything the environment could inject set here (google/zx#1435). */
import { UpdateError } from '../../core/errors.ts';
import { endGroup, plainEnvironment } from './process-group.ts';

export interface CommandResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs a command with its arguments quoted one by one, no input, and a time limit; returns its exit code instead of throwing.
 * Not for paths or names from a bundle. Throws STEP_FAILED when it is still running at the end of `timeoutMs`, CANCELLED when
 * `signal` ended it.
 */
export async function run(command: readonly string[], options: { timeoutMs: number; signal?: AbortSignal }): Promise<CommandResult> {
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const stop = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  const cancelled = new UpdateError('CANCELLED', `'${command[0] ?? ''}' was stopped`);
  const isCancelled = (): boolean => options.signal?.aborted ?? false;
  if (isCancelled()) throw cancelled;
  // Loaded for the first command: most runs start none, and it is a tenth of the time of a check.
  const { $, quote } = await import('zx/core');
  if (isCancelled()) throw cancelled;
  const shell = $({
    shell: '/bin/bash',
    prefix: 'set -euo pipefail;',
    postfix: '',
    quote,
    nothrow: true,
    // zx passes what a command writes to standard error on to ours, unless it is quiet.
    quiet: true,
    verbose: false,
    env: plainEnvironment(process.env),
    // Not zx's default socket: bash takes a socket on stdin for rshd, and sources ~/.bashrc.
    stdio: ['ignore', 'pipe', 'pipe'],
    // A process group of its own, which can be ended as a whole.
    detached: true,
  });
  const running = shell`${[...command]}`;
  const end = (): void => {
    endGroup(running.child);
  };
  stop.addEventListener('abort', end, { once: true });
  const output = await running;
  stop.removeEventListener('abort', end);
  if (isCancelled()) throw cancelled;
  if (timeout.aborted) {
    throw new UpdateError('STEP_FAILED', `'${command[0] ?? ''}' was still running after ${String(options.timeoutMs / 1000)} s`);
  }
  return { exitCode: output.exitCode ?? 1, stdout: output.stdout, stderr: output.stderr };
}
