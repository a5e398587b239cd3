/**
 * Faults in a real process, put in by strace(1): a system call that is not executed because the process is killed at its entry,
 * or that answers with an error. The counter of `when=` is per name and per thread, so a point is (name, n) of the main thread;
 * all that changes files is synchronous in these programs, and so the n-th call is the same one in every run
 * (but for write, which node does to its own pipes as well: there it may be the next one).
 */
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { errnoOf } from '../../../lib/core/errors.ts';

export type Program = 'apply' | 'rollback' | 'recover' | 'check' | 'fetch';

/** One system call of the main thread on a file below the root. */
export interface Point {
  name: string;
  /** Counted among all calls of that name in the main thread. */
  n: number;
  /** What it was, without what differs from run to run. */
  label: string;
}

export interface Ended {
  /** Exit code, or the name of a signal. */
  code: number | string;
  /** What it wrote, both streams. */
  text: string;
}

const CHANGING = [
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

/** Runs a built program on a root to its end, through another command or as it is, and at most for so long. */
export async function runProgram(program: Program, root: string, through: readonly string[] = [], killAfterMs?: number): Promise<Ended> {
  const [command, ...args] = [...through, process.execPath, join(DIST, `${program}.js`)];
  const child = spawn(command, args, {
    cwd: '/',
    env: { PATH: process.env['PATH'] ?? '', PIKIT_ROOT: root, UV_USE_IO_URING: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(killAfterMs === undefined ? {} : { timeout: killAfterMs, killSignal: 'SIGKILL' as const }),
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (some: string) => (text += some));
  return await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code: code ?? signal ?? 'nothing', text });
    });
  });
}

function strace(names: readonly string[], log: string, inject: string | null): string[] {
  const calls = names.map((name) => `?${name}`).join(',');
  // strace 6.1 injects nothing when it filters by seccomp, which is faster for the rest.
  const mode = inject === null ? ['--seccomp-bpf'] : ['-e', `inject=${inject}`];
  return ['strace', '-f', '-y', '-qq', '-s', '0', '-o', log, '-e', `trace=${calls}`, ...mode];
}

/** Runs a program to its end and answers every call of it that changes a file of the root, in order; with `reads`, those that read too. */
export async function tracePoints(program: Program, root: string, reads = false): Promise<{ points: Point[]; ended: Ended }> {
  const log = `${root}.strace`;
  const ended = await runProgram(program, root, strace([...CHANGING, ...OPENING, ...(reads ? READING : [])], log, null));
  const points = parse(fs.readFileSync(log, 'utf8'), root).filter(({ name, label }) => reads || !OPENING.includes(name) || label.includes('O_CREAT'));
  fs.unlinkSync(log);
  return { points, ended };
}

function parse(text: string, root: string): Point[] {
  const counts = new Map<string, number>();
  const main = /^\d+/.exec(text)?.[0];
  return text.split('\n').flatMap((line) => {
    const [, pid, name, rest] = /^(\d+)\s+(\w+)\((.*)$/.exec(line) ?? [];
    if (pid === undefined || pid !== main || name === undefined || rest === undefined) return [];
    const n = (counts.get(name) ?? 0) + 1;
    counts.set(name, n);
    // Sweeping names its files through descriptors of their directories.
    return rest.includes(`${root}/`) || rest.includes('"/proc/self/fd/') ? [{ name, n, label: `${name} ${normal(rest, root)}` }] : [];
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

/** Runs a program that is killed at the entry of one call: that call does not happen, nor anything after it. */
export async function killAt(program: Program, root: string, { name, n }: Point): Promise<Ended> {
  return await runProgram(program, root, strace([name], '/dev/null', `${name}:signal=KILL:when=${String(n)}`));
}

export type Errno = 'ENOSPC' | 'EIO' | 'EROFS' | 'EDQUOT' | 'EMFILE';

/** Runs a program in which one call fails, or that one and every later one of its name. */
export async function failAt(program: Program, root: string, { name, n }: Point, errno: Errno, sticky: boolean): Promise<Ended> {
  return await runProgram(program, root, strace([name], '/dev/null', `${name}:error=${errno}:when=${String(n)}${sticky ? '+' : ''}`));
}

/** Runs a program that is stopped at one call; it goes on when `meanwhile` is done. */
export async function stopAt(program: Program, root: string, { name, n }: Point, meanwhile: () => void): Promise<Ended> {
  const log = `${root}.fifo`;
  execFileSync('mkfifo', [log]);
  const ended = runProgram(program, root, strace([name], log, `${name}:signal=STOP:when=${String(n)}`));
  let text = '';
  let isStopped = false;
  for await (const some of fs.createReadStream(log, 'utf8')) {
    text += String(some);
    const pid = /^(\d+)\s+--- stopped by SIGSTOP ---$/m.exec(text)?.[1];
    if (pid === undefined) continue;
    if (!isStopped) meanwhile();
    isStopped = true;
    // Its threads stop one after the other, and one may do so after the others were told to go on.
    goOn(Number(pid));
  }
  fs.unlinkSync(log);
  if (!isStopped) throw new Error(`${program} did not stop at ${name} ${String(n)}`);
  return await ended;
}

function goOn(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}
