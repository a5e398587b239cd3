/** Runs a file of a release where no systemd is: no shell sees its name or its arguments. */
import { spawn } from 'node:child_process';
import { UpdateError } from '../../core/errors.ts';
import type { CommandEnd, CommandOptions } from './command-end.ts';
import { lastOutput } from './command-end.ts';
import { endGroup, plainEnvironment } from './process-group.ts';

/**
 * Runs `command[0]` with the rest as its arguments, no input and a time limit; returns how it ended instead of throwing.
 * All that it started ends with it. Throws STEP_FAILED when it cannot be started, DEADLINE when it is still running at the end
 * of `timeoutMs`, CANCELLED when `signal` ended it.
 */
export function executeFile(command: readonly string[], options: CommandOptions): Promise<CommandEnd> {
  const [file = '', ...args] = command;
  const timeout = AbortSignal.timeout(options.timeoutMs);
  const stop = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted === true) {
      reject(new UpdateError('CANCELLED', `'${file}' was stopped`));
      return;
    }
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: plainEnvironment(process.env) });
    const end = (): void => {
      endGroup(child);
    };
    stop.addEventListener('abort', end, { once: true });
    const output = lastOutput();
    output.add(child.stdout);
    output.add(child.stderr);
    child.on('error', (error) => {
      stop.removeEventListener('abort', end);
      reject(new UpdateError('STEP_FAILED', `'${file}' cannot be run: ${error.message}`, { cause: error }));
    });
    child.on('close', (exitCode, signal) => {
      stop.removeEventListener('abort', end);
      if (options.signal?.aborted === true) reject(new UpdateError('CANCELLED', `'${file}' was stopped`));
      else if (timeout.aborted) reject(new UpdateError('DEADLINE', `'${file}' was still running after ${String(options.timeoutMs / 1000)} s`));
      else resolve({ exitCode, signal, why: null, output: output.text() });
    });
  });
}
