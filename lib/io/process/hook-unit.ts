/**
 * Runs a command of a release as a unit of its own, `pikit-update-hook-<n>.service`: systemd starts it in the sandbox of
 * hook-settings.ts, counts its time, and ends all that it has started with it. It writes to a socket of this process, so that its
 * output takes no room anywhere, and ends there when this process does.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { constants } from 'node:os';
import { UpdateError } from '../../core/errors.ts';
import { formatBytes } from '../../core/quantities.ts';
import { connectSystemd } from '../bus/systemd.ts';
import type { UnitStatus } from '../systemd/unit-status.ts';
import type { CommandEnd, CommandOptions, LastOutput } from './command-end.ts';
import { lastOutput } from './command-end.ts';
import { endHooks } from './end-hooks.ts';
import { HOOK_MEMORY_BYTES, HOOK_STOP_MS, hookSettings } from './hook-settings.ts';

/** Beyond the limits that systemd has: it is at work with other things as well. */
const GRACE_MS = 30_000;
/** What has ended writes no more; its last bytes are on their way. */
const LAST_BYTES_MS = 5000;

export interface HookOptions extends CommandOptions {
  /** Which of the commands of the release this is, from 1. */
  n: number;
  /** Where it may write. */
  places: readonly string[];
  /** Where the socket for its output is made: a folder of root's. */
  folder: string;
}

/**
 * Resolves when the command and all that it started have ended, to how. Throws STEP_FAILED when systemd cannot start it, DEADLINE when
 * it was still running at the end of `timeoutMs`, CANCELLED when `signal` or another process stopped it, SYSTEMD_UNAVAILABLE when the
 * bus is not there or gets lost. However it ends, nothing of it is running afterwards.
 */
export async function runHookUnit(command: readonly string[], { n, places, folder, timeoutMs, signal }: HookOptions): Promise<CommandEnd> {
  const file = command[0] ?? '';
  const unit = `pikit-update-hook-${String(n)}.service`;
  const cancelled = (): UpdateError => new UpdateError('CANCELLED', `'${file}' was stopped`);
  const isStopped = (): boolean => signal?.aborted ?? false;
  if (isStopped()) throw cancelled();
  const written = lastOutput();
  const socket = `${folder}/hook-${String(n)}.sock`;
  const server = await listen(socket, written);
  const systemd = await connectSystemd().catch((error: unknown) => {
    server.close();
    throw error;
  });
  // Safe to ignore where it is refused: it has ended then. What does not end by it is killed below.
  const stop = (): void => void systemd.queue('StopUnit', unit).catch(() => undefined);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    if (isStopped()) throw cancelled();
    const job = await systemd.startTransient(unit, hookSettings({ command, places, timeoutMs, output: socket }), timeoutMs + HOOK_STOP_MS + GRACE_MS);
    const status = await systemd.unit(unit);
    if (isStopped() || job === 'canceled') throw cancelled();
    if (job === 'timeout' || status.result === 'timeout') {
      throw new UpdateError('DEADLINE', `'${file}' was still running after ${String(timeoutMs / 1000)} s`);
    }
    await allRead(server, socket);
    return endOf(status, written, unit);
  } finally {
    signal?.removeEventListener('abort', stop);
    systemd.close();
    server.close();
    await endHooks();
  }
}

/** For root alone: connecting takes the right to write. */
async function listen(path: string, written: LastOutput): Promise<net.Server> {
  fs.rmSync(path, { force: true }); // of one that was killed
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined); // its end is what counts
    written.add(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  fs.chmodSync(path, 0o600);
  return server;
}

/** Connections are accepted in their order: after one that is made now, all before it are known. Then each is read to its end. */
async function allRead(server: net.Server, path: string): Promise<void> {
  const deadline = AbortSignal.timeout(LAST_BYTES_MS);
  try {
    const mark = net.connect(path);
    mark.end();
    mark.resume();
    await once(mark, 'close', { signal: deadline });
    const closed = once(server, 'close', { signal: deadline });
    server.close();
    await closed;
  } catch (error) {
    // What is missing then is output; how it ended is known.
    if (!deadline.aborted) throw error;
  }
}

/** systemd's own, where it could not start a command (systemd.exec(5)); a command may end with one of them by itself. */
const NOT_STARTED = new Map([
  [203, 'systemd could not execute it'],
  [226, 'systemd could not make its sandbox'],
]);

function endOf({ result, exitStatus }: UnitStatus, written: LastOutput, unit: string): CommandEnd {
  const output = written.text();
  switch (result) {
    case 'success':
      return { exitCode: 0, signal: null, why: null, output };
    case 'exit-code':
      return { exitCode: exitStatus ?? 1, signal: null, why: NOT_STARTED.get(exitStatus ?? 0) ?? null, output };
    case 'signal':
    case 'core-dump':
      return { exitCode: null, signal: signalName(exitStatus ?? 0), why: null, output };
    case 'oom-kill':
      return { exitCode: null, signal: 'SIGKILL', why: `it needed more than ${formatBytes(HOOK_MEMORY_BYTES)} of memory`, output };
    case null:
    default:
      throw new UpdateError('STEP_FAILED', `systemd could not start '${unit}' (${result ?? 'no result'})`, {
        hint: `\`journalctl -u ${unit}\` shows why`,
      });
  }
}

function signalName(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${String(number)}`;
}
