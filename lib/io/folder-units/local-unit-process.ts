/** One program of a unit: started without a shell, in its own process group, its output read as one stream of lines. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { errnoOf } from '../../core/errors.ts';

export interface ProgramExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface RunningProgram {
  /** Resolves when the program has ended, all that it left running was killed, and its last line was delivered. */
  exited: Promise<ProgramExit>;
  /** Sends a signal to the program and its children. */
  kill: (signal: NodeJS.Signals) => void;
}

export interface ProgramOptions {
  env: Readonly<Record<string, string>>;
  cwd: string;
  onLine: (line: string) => void;
}

/** systemd's own status for a program that cannot be started (203/EXEC). */
const CANNOT_EXEC = 203;

/** Starts a program. One that cannot be started says so in a line, and exits with 203 as under systemd. */
export async function startProgram(command: readonly [string, ...string[]], options: ProgramOptions): Promise<RunningProgram> {
  const output = await openOutput(options.onLine);
  const [program, ...args] = command;
  // A group of its own: a signal reaches what it has started, too, and a Ctrl-C on a terminal does not.
  const child = spawn(program, args, { env: { ...options.env }, cwd: options.cwd, detached: true, stdio: ['ignore', output.sink, output.sink] });
  output.sink.destroy();
  const kill = (signal: NodeJS.Signals): void => {
    if (child.pid !== undefined) killGroup(child.pid, signal);
  };
  const exited = new Promise<ProgramExit>((resolve) => {
    child.once('error', (error) => {
      if (child.pid !== undefined) return; // a signal that could not be sent; its exit comes
      options.onLine(`cannot run '${program}': ${error.message}`);
      resolve({ code: CANNOT_EXEC, signal: null });
    });
    child.once('exit', (code, signal) => {
      kill('SIGKILL');
      resolve({ code, signal });
    });
  });
  return {
    exited: exited.then(async (exit) => {
      await output.ended;
      return exit;
    }),
    kill,
  };
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error; // no process left is what we want
  }
}

/**
 * A socket for standard output and error together, as systemd connects both to the journal: with two pipes the order of an
 * error and the line after it is lost. Its name is gone again before the program starts.
 */
async function openOutput(onLine: (line: string) => void): Promise<{ sink: net.Socket; ended: Promise<void> }> {
  const dir = fs.mkdtempSync(join(tmpdir(), 'pikit-unit-'));
  const server = net.createServer();
  try {
    const accepted = new Promise<net.Socket>((resolve) => {
      server.once('connection', resolve);
    });
    server.listen(join(dir, 'output'));
    await once(server, 'listening');
    const sink = net.connect(join(dir, 'output'));
    await once(sink, 'connect');
    const source = await accepted;
    // A program that is killed may reset the connection; the lines before that have come.
    source.on('error', () => undefined);
    const lines = createInterface({ input: source, crlfDelay: Infinity });
    lines.on('line', onLine);
    const ended = new Promise<void>((resolve) => {
      lines.once('close', resolve);
    });
    return { sink, ended };
  } finally {
    server.close();
    fs.rmSync(dir, { recursive: true, force: true });
  }
}
