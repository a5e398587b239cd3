/**
 * Faults in a real process, put in by strace(1): a system call that is not executed because the process is killed at its entry,
 * or that answers with an error. The counter of `when=` is per name and per thread, so a point is (name, n) of the main thread;
 * all that changes files is synchronous in these programs, and so the n-th call is the same one in every run
 * (but for write, which node does to its own pipes as well: there it may be the next one).
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../../lib/core/errors.ts';

export type Program = 'apply' | 'rollback' | 'recover' | 'check' | 'fetch';
/** With what the owner types. */
export type Command = Program | 'pikit-update';

/** One system call of the main thread on a file below the root. */
export interface Point {
  name: string;
  /** Counted among all calls of that name in the main thread. */
  n: number;
  /** What it was, without what differs from run to run. */
  label: string;
  /** Whether it did what it was to do without interference. */
  succeeded: boolean;
}

export interface Ended {
  /** Exit code, or the name of a signal. */
  code: number | string;
  /** What it wrote, both streams. */
  text: string;
}

export const CHANGING = [
  ...['rename', 'renameat', 'renameat2', 'link', 'linkat', 'symlink', 'symlinkat', 'unlink', 'unlinkat', 'mkdir', 'mkdirat', 'rmdir'],
  ...['write', 'pwrite64', 'writev', 'pwritev', 'pwritev2', 'ftruncate', 'truncate', 'fallocate', 'copy_file_range', 'sendfile'],
  ...['fsync', 'fdatasync', 'sync_file_range', 'fchmod', 'fchmodat', 'chmod', 'fchown', 'fchownat', 'chown', 'lchown', 'utimensat'],
];
const OPENING = ['open', 'openat', 'openat2', 'creat'];
const READING = ['read', 'pread64', 'getdents64'];

/** The built programs; PIKIT_TEST_DIST names another build. */
const DIST = process.env['PIKIT_TEST_DIST'] ?? join(import.meta.dirname, '../../../dist');

let answer: string | null | undefined;

/** Why strace cannot be used here, or null when it can. Tried once; throws where root's CI would skip what it is there for. */
export function noStrace(): string | null {
  if (answer === undefined) {
    try {
      execFileSync('strace', ['-f', '-qq', '-e', 'inject=mkdir:error=EIO:when=99', '-o', '/dev/null', 'true'], { stdio: 'ignore' });
      answer = null;
    } catch (error) {
      answer = `strace cannot trace here: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  if (answer !== null && process.env['CI'] === 'true' && process.getuid?.() === 0) throw new Error(answer);
  return answer;
}

export interface RunOptions {
  /** What it is asked for. */
  args?: readonly string[];
  /** Another command that starts it. */
  through?: readonly string[];
  /** It is killed after so long. */
  killAfterMs?: number;
  env?: Readonly<Record<string, string>>;
}

export interface Running {
  pid: number;
  ended: Promise<Ended>;
  /** Resolves when it has written this, and rejects when it has ended without. */
  said: (what: RegExp) => Promise<void>;
}

/** Starts a built program on a root. */
export function startProgram(program: Command, root: string, { args: asked = [], through = [], killAfterMs, env = {} }: RunOptions = {}): Running {
  const [command, ...args] = [...through, process.execPath, join(DIST, `${program}.js`)];
  const child = spawn(command, [...args, ...asked], {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '', PIKIT_ROOT: root, UV_USE_IO_URING: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(killAfterMs === undefined ? {} : { timeout: killAfterMs, killSignal: 'SIGKILL' as const }),
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (some: string) => (text += some));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code: code ?? signal ?? 'nothing', text });
    });
  });
  const said: Running['said'] = (what) =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (what.test(text)) resolve();
      };
      for (const stream of [child.stdout, child.stderr]) stream.on('data', look);
      child.on('close', () => {
        reject(new Error(`${program} ended without saying ${String(what)}:\n${text}`));
      });
      look();
    });
  return { pid: child.pid ?? 0, ended, said };
}

/** Runs a built program on a root to its end. */
export async function runProgram(program: Command, root: string, options: RunOptions = {}): Promise<Ended> {
  return await startProgram(program, root, options).ended;
}

/** Stops at the calls in question only. */
const FILTERED = ['-f', '--seccomp-bpf'];

function strace(names: readonly string[], log: string, options: readonly string[]): string[] {
  const calls = names.map((name) => `?${name}`).join(',');
  return ['strace', '-qq', '-s', '0', '-o', log, '-e', `trace=${calls}`, ...options];
}

/** Runs a program to its end and answers every call of it that changes a file of the root, in order; with `reads`, those that read too. */
export async function tracePoints(
  program: Command,
  root: string,
  reads = false,
  args: readonly string[] = [],
): Promise<{ points: Point[]; ended: Ended }> {
  const log = `${root}.strace`;
  const names = [...CHANGING, ...OPENING, ...(reads ? READING : [])];
  const ended = await runProgram(program, root, { args, through: strace(names, log, [...FILTERED, '-y']) });
  const points = parse(fs.readFileSync(log, 'utf8'), root).filter(({ name, label }) => reads || !OPENING.includes(name) || label.includes('O_CREAT'));
  fs.unlinkSync(log);
  return { points, ended };
}

/** The calls of the main thread in what strace wrote, those on files below the root. */
export function parse(text: string, root: string): Point[] {
  const counts = new Map<string, number>();
  const main = /^\d+/.exec(text)?.[0];
  return text.split('\n').flatMap((line) => {
    const [, pid, name, rest] = /^(\d+)\s+(\w+)\((.*)$/.exec(line) ?? [];
    if (pid === undefined || pid !== main || name === undefined || rest === undefined) return [];
    const n = (counts.get(name) ?? 0) + 1;
    counts.set(name, n);
    // Sweeping names its files through descriptors of their directories.
    if (!rest.includes(`${root}/`) && !rest.includes('"/proc/self/fd/')) return [];
    return [{ name, n, label: `${name} ${normal(rest, root)}`, succeeded: !/\) += -1 /.test(rest) }];
  });
}

/** Ids, times, sizes and descriptors are different each time. */
function normal(rest: string, root: string): string {
  return rest
    .replaceAll(root, '')
    .replace(/(?: <unfinished \.\.\.>|\) += ).*$/, '')
    .replace(/\.pikit-[0-9a-f]{8}/g, '.pikit-<tx>')
    .replace(/\/edited\/[0-9a-f]{8}/g, '/edited/<tx>')
    .replace(/\d{8}T\d{6}\.\d{3}Z/g, '<time>')
    .replace(/\b\d+(?=<)/g, 'fd')
    .replace(/ \(deleted\)/g, '')
    .replace(/, \d+$/, '');
}

/**
 * Runs a program that is killed at the entry of one call: that call does not happen, nor anything after it. strace 6.1 sends
 * no signals where it filters; without `-f` it looks at the main thread only, which is where files change.
 */
export async function killAt(program: Command, root: string, { name, n }: Point, args: readonly string[] = []): Promise<Ended> {
  const inject = `inject=${name}:signal=KILL:when=${String(n)}`;
  return await runProgram(program, root, { args, through: strace([name], '/dev/null', ['-e', inject]) });
}

export type Errno = 'ENOSPC' | 'EIO' | 'EROFS' | 'EDQUOT' | 'EMFILE';

/** As TimeoutStartSec= of its unit, only sooner: Node waits for ever when every read of its own pipes fails, too. */
const HANGS_AFTER_MS = 60_000;

/** Kills what strace has started, by its process: strace itself would let it go on. */
function killTracee(strace: number): void {
  const children = fs.readFileSync(`/proc/${String(strace)}/task/${String(strace)}/children`, 'utf8').trim();
  for (const pid of children.split(' ').filter((text) => text !== '')) process.kill(Number(pid), 'SIGKILL');
}

/**
 * Runs a program in which one call fails, or that one and every later one of its name; one that hangs is killed. Throws when it
 * makes no such call.
 */
export async function failAt(program: Program, root: string, { name, n }: Point, errno: Errno, sticky: boolean): Promise<Ended> {
  const log = `${root}.strace`;
  const inject = `inject=${name}:error=${errno}:when=${String(n)}${sticky ? '+' : ''}`;
  const running = startProgram(program, root, { through: strace([name], log, [...FILTERED, '-e', inject]) });
  const hangs = setTimeout(killTracee, HANGS_AFTER_MS, running.pid);
  const ended = await running.ended.finally(() => {
    clearTimeout(hangs);
  });
  assert.match(fs.readFileSync(log, 'utf8'), /\(INJECTED\)/, `${program} made no call ${name} ${String(n)}`);
  fs.unlinkSync(log);
  return ended;
}

/**
 * Runs a program that is stopped right after one call; it goes on when `meanwhile` is done, which may have killed it. What
 * `meanwhile` throws is thrown when the program, killed then, has ended.
 */
export async function stopAt(program: Program, root: string, { name, n }: Point, meanwhile: (pid: number) => void | Promise<void>): Promise<Ended> {
  const log = `${root}.fifo`;
  execFileSync('mkfifo', [log]);
  // With -D the process that we start is the program, and not strace.
  const through = strace([name], log, ['-D', '-e', `inject=${name}:signal=STOP:when=${String(n)}`]);
  const { pid, ended } = startProgram(program, root, { through });
  let text = '';
  let isStopped = false;
  const failures: unknown[] = [];
  for await (const some of fs.createReadStream(log, 'utf8')) {
    text += String(some);
    if (isStopped || !text.includes('--- stopped by SIGSTOP ---\n')) continue;
    isStopped = true;
    await attempt(() => meanwhile(pid), failures);
    signal(pid, failures.length > 0 ? 'SIGKILL' : 'SIGCONT');
  }
  fs.unlinkSync(log);
  const result = await ended;
  if (failures.length > 0) throw failures[0];
  if (!isStopped) throw new Error(`${program} did not stop at ${name} ${String(n)}`);
  return result;
}

async function attempt(act: () => void | Promise<void>, failures: unknown[]): Promise<void> {
  try {
    await act();
  } catch (error) {
    failures.push(error);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}
