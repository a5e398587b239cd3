/**
 * Every call that changes files below a folder, seen at the one `fs` object that the code under test uses: what it did, once
 * it has succeeded. A call that the model does not know is an error: nothing may change behind its back.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { SYNCFS_PROGRAM } from '../../../lib/transaction/files/syncfs.ts';

export type Change =
  | { is: 'create' | 'mkdir' | 'rmdir' | 'unlink' | 'sync' | 'attributes'; path: string }
  | { is: 'link' | 'rename'; path: string; to: string }
  | { is: 'write'; path: string; at: number; bytes: Buffer }
  /** All that was changed before. */
  | { is: 'barrier' };

/** What does not outlive a power cut (/run), or may go at any time (the cache): not part of the device. */
export const FLEETING = ['/run', '/var/cache'];

const ON_PATHS: Readonly<Record<string, 'mkdir' | 'rmdir' | 'unlink' | 'attributes'>> = {
  mkdirSync: 'mkdir',
  rmdirSync: 'rmdir',
  unlinkSync: 'unlink',
  chmodSync: 'attributes',
  chownSync: 'attributes',
};
const ON_TWO_PATHS: Readonly<Record<string, 'link' | 'rename'>> = { linkSync: 'link', renameSync: 'rename' };
const ON_DESCRIPTORS: Readonly<Record<string, 'sync' | 'attributes'>> = { fsyncSync: 'sync', fchmodSync: 'attributes', fchownSync: 'attributes' };
const UNKNOWN = /^(cp|copyFile|rm|symlink|f?truncate|[fl]?utimes|lchown|lchmod|writev|mkdtemp|fdatasync)Sync$/;

const THROUGH_DESCRIPTOR = /^\/proc\/self\/fd\/(\d+)(\/.*)?$/;

/** The original function: for code that looks at files while they are watched. */
export const { lstatSync } = fs;
const { existsSync } = fs;

interface OpenFile {
  path: string;
  /** Where the next write goes. */
  at: number;
  append: boolean;
}

/** Watches until the returned function is called; `fleeting` are folders in which anything may happen unseen. */
export function watch(root: string, seen: (change: Change) => void, fleeting: readonly string[] = FLEETING): () => void {
  const files = new Map<number, OpenFile>();

  /** A file in a directory that is held open: named through its descriptor. */
  const named = (path: string): string => {
    const [, fd = '', rest = ''] = THROUGH_DESCRIPTOR.exec(path) ?? [];
    const dir = files.get(Number(fd));
    return fd === '' || dir === undefined ? path : `${root}${dir.path}${rest}`;
  };

  const within = (given: unknown): string | null => {
    // What is swept is named in bytes.
    const path = typeof given === 'string' ? named(given) : Buffer.isBuffer(given) ? named(given.toString()) : '';
    if (!path.startsWith(`${root}/`)) return null;
    const device = path.slice(root.length);
    return fleeting.some((dir) => device === dir || device.startsWith(`${dir}/`)) ? null : device;
  };

  const written = (path: string, at: number, data: unknown): void => {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data instanceof Uint8Array ? Buffer.from(data) : null;
    if (bytes === null) throw new Error(`a write to '${path}' that the model does not know`);
    seen({ is: 'write', path, at, bytes });
  };

  const onOpen = (args: unknown[], call: () => unknown): unknown => {
    const path = within(args[0]);
    const flags = args[1];
    const creates = typeof flags === 'number' ? (flags & fs.constants.O_CREAT) !== 0 : typeof flags === 'string' && /[aw]/.test(flags);
    const truncates = typeof flags === 'number' ? (flags & fs.constants.O_TRUNC) !== 0 : typeof flags === 'string' && flags.startsWith('w');
    if (path === null) return call();
    const isNew = !existsSync(root + path);
    if (truncates && !isNew) throw new Error(`'${path}' is truncated, which the model does not know`);
    const fd = call();
    if (typeof fd !== 'number') throw new Error('unreachable');
    if (creates && isNew) seen({ is: 'create', path });
    files.set(fd, { path, at: 0, append: typeof flags === 'string' && flags.startsWith('a') });
    return fd;
  };

  const onWrite = (args: unknown[], call: () => unknown): unknown => {
    const count = call();
    const [fd, data, offset, , position] = args;
    const file = typeof fd === 'number' ? files.get(fd) : undefined;
    if (file === undefined || typeof count !== 'number') return count;
    if (!(data instanceof Uint8Array) || typeof position === 'number') throw new Error(`a write to '${file.path}' that the model does not know`);
    const from = typeof offset === 'number' ? offset : 0;
    written(file.path, file.at, data.subarray(from, from + count));
    file.at += count;
    return count;
  };

  /** writeFileSync to a descriptor, appendFileSync to a path: all that is used. */
  const onWriteFile = (name: string, args: unknown[], call: () => unknown): unknown => {
    const file = typeof args[0] === 'number' ? files.get(args[0]) : undefined;
    const path = file?.path ?? within(args[0]);
    if (path === null) return call();
    const isNew = !existsSync(root + path);
    const appends = name === 'appendFileSync' || file?.append === true;
    if (!appends) throw new Error(`${name} of '${path}' is not known to the model`);
    const at = isNew ? 0 : lstatSync(root + path).size;
    const result = call();
    if (isNew) seen({ is: 'create', path });
    written(path, at, args[1]);
    return result;
  };

  const onPath = (is: (typeof ON_PATHS)[string], args: unknown[], call: () => unknown): unknown => {
    const result = call();
    const path = within(args[0]);
    if (path !== null) seen({ is, path });
    return result;
  };

  const stop = interceptSyncfs(() => {
    seen({ is: 'barrier' });
  });
  const restore = intercept((name, args, call) => {
    if (name === 'openSync') return onOpen(args, call);
    if (name === 'writeSync') return onWrite(args, call);
    if (name === 'writeFileSync' || name === 'appendFileSync') return onWriteFile(name, args, call);
    if (name === 'closeSync' && typeof args[0] === 'number') files.delete(args[0]);
    const onOne = ON_PATHS[name];
    if (onOne !== undefined) return onPath(onOne, args, call);
    const onTwo = ON_TWO_PATHS[name];
    if (onTwo !== undefined) {
      const result = call();
      const [path, to] = [within(args[0]), within(args[1])];
      if (path !== null && to !== null) seen({ is: onTwo, path, to });
      else if (path !== null || to !== null) throw new Error(`${name} between '${String(args[0])}' and '${String(args[1])}'`);
      return result;
    }
    if (UNKNOWN.test(name) && within(args[0]) !== null) throw new Error(`${name} of '${String(args[0])}' is not known to the model`);
    const result = call();
    const onDescriptor = ON_DESCRIPTORS[name];
    const file = onDescriptor !== undefined && typeof args[0] === 'number' ? files.get(args[0]) : undefined;
    if (onDescriptor !== undefined && file !== undefined) seen({ is: onDescriptor, path: file.path });
    return result;
  });
  return () => {
    restore();
    stop();
  };
}

/** In place of the program that makes the call: the model has one filesystem, and no use for a real flush. */
function interceptSyncfs(onCall: () => void): () => void {
  const original = childProcess.spawnSync;
  const wrapped = (...args: unknown[]): unknown => {
    if (!Array.isArray(args[1]) || !args[1].includes(SYNCFS_PROGRAM)) return Reflect.apply(original, childProcess, args);
    onCall();
    return { status: 0, stdout: '0' };
  };
  Reflect.set(childProcess, 'spawnSync', wrapped);
  return () => {
    Reflect.set(childProcess, 'spawnSync', original);
  };
}

type Interceptor = (name: string, args: unknown[], call: () => unknown) => unknown;

/** Wraps every synchronous function of `fs`; the answer puts them back. What Node calls to bring a call about is part of it. */
function intercept(interceptor: Interceptor): () => void {
  let isInside = false;
  const originals = new Map<string, unknown>();
  for (const name of Object.keys(fs).filter((key) => key.endsWith('Sync'))) {
    const original: unknown = Reflect.get(fs, name);
    if (typeof original !== 'function') continue;
    originals.set(name, original);
    Reflect.set(fs, name, (...args: unknown[]): unknown => {
      const call = (): unknown => Reflect.apply(original, fs, args);
      if (isInside) return call();
      isInside = true;
      try {
        return interceptor(name, args, call);
      } finally {
        isInside = false;
      }
    });
  }
  return () => {
    for (const [name, original] of originals) Reflect.set(fs, name, original);
  };
}
