/**
 * Faults at the file system, in this process: the code under test calls functions of the one `fs` object, and those are
 * wrapped while it runs. `die` is kill -9: the N-th changing call does not happen (a write happens half), and neither does
 * anything after it. `fail` is an error from the kernel, once or from then on, and the code goes its own way with it.
 */
import fs from 'node:fs';

export type Fault = { kind: 'none' } | { kind: 'die'; at: number } | { kind: 'fail'; at: number; errno: Errno; sticky: boolean };

export type Errno = 'ENOSPC' | 'EIO' | 'EROFS';

export interface Run<T> {
  /** Changing calls seen, the fatal one included. */
  calls: number;
  /** The fault came. */
  hit: boolean;
  /** Name and path of the call that it came to. */
  where: string;
  result: T | undefined;
  error: unknown;
}

class Died extends Error {}

/** A failed fsync is an error to handle; dying at one is the same as dying at the next call. */
const CHANGING = new Set([
  'writeSync',
  'fchownSync',
  'fchmodSync',
  'renameSync',
  'linkSync',
  'unlinkSync',
  'mkdirSync',
  'rmdirSync',
  'chmodSync',
  'chownSync',
]);

/** Removing and renaming need no space; a full disk fails what adds something. */
const NEEDS_SPACE = new Set(['openSync', 'writeSync', 'linkSync', 'mkdirSync', 'fsyncSync']);

/** Runs `act` with a fault. Never throws: what it threw is in the answer. */
export function runWithFault<T>(fault: Fault, act: () => T): Run<T> {
  const run: Run<T> = { calls: 0, hit: false, where: '', result: undefined, error: undefined };
  const restore = wrapAll((name, args, call) => intercept(run, fault, name, args, call));
  try {
    run.result = act();
  } catch (error) {
    run.error = error;
  } finally {
    restore();
  }
  return run;
}

/** The same for what is not done at once. Nothing else of this process may use files meanwhile. */
export async function runLaterWithFault<T>(fault: Fault, act: () => Promise<T>): Promise<Run<T>> {
  const run: Run<T> = { calls: 0, hit: false, where: '', result: undefined, error: undefined };
  const restore = wrapAll((name, args, call) => intercept(run, fault, name, args, call));
  try {
    run.result = await act();
  } catch (error) {
    run.error = error;
  } finally {
    restore();
  }
  return run;
}

function intercept(run: Run<unknown>, fault: Fault, name: string, args: unknown[], call: (args: unknown[]) => unknown): unknown {
  if (run.hit && fault.kind === 'die') {
    if (name === 'closeSync') call(args); // so that this process does not run out of descriptors
    throw new Died();
  }
  if (!isCounted(fault, name, args)) return call(args);
  run.calls += 1;
  if (fault.kind === 'none' || (run.calls !== fault.at && !(run.hit && fault.kind === 'fail' && fault.sticky))) return call(args);
  if (!run.hit) run.where = `${name} ${String(args[0])}`;
  run.hit = true;
  if (fault.kind === 'fail') throw Object.assign(new Error(`${fault.errno}: injected, ${name}`), { code: fault.errno });
  if (name === 'writeSync') writeHalf(args, call);
  throw new Died();
}

function isCounted(fault: Fault, name: string, args: unknown[]): boolean {
  const changes = CHANGING.has(name) || (name === 'openSync' && typeof args[1] === 'number' && (args[1] & fs.constants.O_CREAT) !== 0);
  if (fault.kind !== 'fail') return changes;
  return fault.errno === 'ENOSPC' ? NEEDS_SPACE.has(name) && (changes || name === 'fsyncSync') : changes || name === 'fsyncSync';
}

function writeHalf(args: unknown[], call: (args: unknown[]) => unknown): void {
  const [fd, data, offset, length] = args;
  if (typeof length === 'number' && length > 1) call([fd, data, offset, Math.floor(length / 2)]);
}

type Interceptor = (name: string, args: unknown[], call: (args: unknown[]) => unknown) => unknown;

/** Wraps every synchronous function of `fs`; the answer puts them back. */
function wrapAll(interceptor: Interceptor): () => void {
  const originals = new Map<string, unknown>();
  for (const name of Object.keys(fs).filter((key) => key.endsWith('Sync'))) {
    const original: unknown = Reflect.get(fs, name);
    if (typeof original !== 'function') continue;
    originals.set(name, original);
    Reflect.set(fs, name, (...args: unknown[]): unknown => interceptor(name, args, (real) => Reflect.apply(original, fs, real)));
  }
  return () => {
    for (const [name, original] of originals) Reflect.set(fs, name, original);
  };
}

/** With rename(2) of these directories refused, as an overlay refuses it for what is in its lower layer. */
export function refusingRenames<T>(of: RegExp, act: () => T): T {
  const { renameSync } = fs;
  Reflect.set(fs, 'renameSync', (from: string, to: string) => {
    if (of.test(from) && fs.lstatSync(from).isDirectory())
      throw Object.assign(new Error('EXDEV: cross-device link not permitted'), { code: 'EXDEV' });
    renameSync(from, to);
  });
  try {
    return act();
  } finally {
    Reflect.set(fs, 'renameSync', renameSync);
  }
}
