/** Runs a file of a release: no shell sees its name or its arguments. */
import { spawn } from 'node:child_process';
import { UpdateError } from '../core/errors.ts';
import type { CommandResult } from './exec.ts';
import { endGroup, plainEnvironment } from './process-group.ts';

/** What is kept of each stream: a receipt shows the last lines. */
const KEPT_CHARACTERS = 64 * 1024;

/**
 * Runs `command[0]` with the rest as its arguments, no input and a time limit; returns its exit code instead of throwing.
 * All that it started ends with it. Throws STEP_FAILED when it cannot be started, DEADLINE when it is still running at the end
 * of `timeoutMs`, CANCELLED when `signal` ended it.
 */
export function executeFile(command: readonly string[], options: { timeoutMs: number; signal?: AbortSignal }): Promise<CommandResult> {
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
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    child.on('error', (error) => {
      stop.removeEventListener('abort', end);
      reject(new UpdateError('STEP_FAILED', `'${file}' cannot be run: ${error.message}`, { cause: error }));
    });
    child.on('close', (code) => {
      stop.removeEventListener('abort', end);
      if (options.signal?.aborted === true) reject(new UpdateError('CANCELLED', `'${file}' was stopped`));
      else if (timeout.aborted) reject(new UpdateError('DEADLINE', `'${file}' was still running after ${String(options.timeoutMs / 1000)} s`));
      else resolve({ exitCode: code ?? 1, stdout: stdout(), stderr: stderr() });
    });
  });
}

/** The end of what a stream said. */
function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text = (text + chunk).slice(-KEPT_CHARACTERS);
  });
  return () => text;
}
