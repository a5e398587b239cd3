/**
 * What can become of a file: cut short, one bit of any byte flipped, overwritten, and put there by hand; also what is no file
 * at all. Each is written where nothing is, and recognised again under another name.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { errnoOf } from '../../../lib/core/errors.ts';

export type Content =
  | { is: 'bytes'; bytes: Buffer; mode?: number }
  | { is: 'directory' }
  | { is: 'link'; to: string }
  /** A hole of so many bytes: a program that reads it without a limit reads for long, or fails. */
  | { is: 'hole'; size: number }
  /** A program that opens it as a file waits for a writer for ever. */
  | { is: 'pipe' };

export interface Damage {
  name: string;
  content: Content;
  /**
   * `no`: whatever reads it has to notice. `yes`: it still says the same. `maybe`: there is no seal on this file, and one other
   * letter in it may be as good as the right one.
   */
  passes: 'no' | 'yes' | 'maybe';
  /** One of thousands that differ in a place only. */
  oneOf?: 'cuts' | 'flips';
}

const KEPT_INSIDE = 'kept inside';

/** Writes it to a path that is not there. */
export function place(path: string, content: Content): void {
  switch (content.is) {
    case 'bytes':
      fs.writeFileSync(path, content.bytes, { flag: 'wx' });
      fs.chmodSync(path, content.mode ?? 0o644);
      return;
    case 'directory':
      fs.mkdirSync(path);
      fs.writeFileSync(`${path}/inside`, KEPT_INSIDE);
      return;
    case 'link':
      fs.symlinkSync(content.to, path);
      return;
    case 'hole':
      fs.writeFileSync(path, '', { flag: 'wx' });
      fs.truncateSync(path, content.size);
      return;
    case 'pipe':
      execFileSync('mkfifo', [path]);
      return;
    default:
      content satisfies never;
  }
}

/** Whether a path holds exactly that. */
export function holds(path: string, content: Content): boolean {
  try {
    const stat = fs.lstatSync(path);
    switch (content.is) {
      case 'bytes':
        return stat.isFile() && stat.size === content.bytes.length && fs.readFileSync(path).equals(content.bytes);
      case 'directory':
        return stat.isDirectory() && fs.readFileSync(`${path}/inside`, 'utf8') === KEPT_INSIDE;
      case 'link':
        return stat.isSymbolicLink() && fs.readlinkSync(path) === content.to;
      case 'hole':
        return stat.isFile() && stat.size === content.size;
      case 'pipe':
        return stat.isFIFO();
      default:
        return content satisfies never;
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}

/** Some bytes as a damage. */
export const bytes = (name: string, content: Buffer | string, passes: Damage['passes'] = 'no'): Damage => ({
  name,
  content: { is: 'bytes', bytes: Buffer.from(content) },
  passes,
});

/** Every length short of the whole. */
export function truncations(good: Buffer, passes: (rest: string) => Damage['passes']): Damage[] {
  return Array.from({ length: good.length }, (_, length) => {
    const rest = good.subarray(0, length);
    return { ...bytes(`cut to ${String(length)} bytes`, rest, passes(rest.toString('latin1'))), oneOf: 'cuts' };
  });
}

/** One bit of every byte, another one each time. */
export function flips(good: Buffer, passes: Damage['passes']): Damage[] {
  return Array.from(good, (byte, at) => {
    const flipped = Buffer.from(good);
    flipped[at] = byte ^ (1 << (at % 8));
    return { ...bytes(`bit ${String(at % 8)} of byte ${String(at)} flipped`, flipped, passes), oneOf: 'flips' };
  });
}

export const DEEP = 100_000;
const MIB = 1024 * 1024;

/** Root reads it all the same. */
const forbidden = (good: Buffer): Damage => ({ name: 'no user may read it', content: { is: 'bytes', bytes: good, mode: 0 }, passes: 'yes' });

/** What can happen to any file, whatever is in it. `good` has to be text. */
export function anyDamages(good: Buffer): Damage[] {
  const half = good.length >> 1;
  const put = (at: number, what: Buffer): Buffer => Buffer.concat([good.subarray(0, at), what, good.subarray(at)]);
  return [
    bytes('all zeros', Buffer.alloc(good.length)),
    bytes('a NUL in the middle', put(half, Buffer.from([0]))),
    bytes('a NUL at the end', put(good.length, Buffer.from([0]))),
    bytes('not UTF-8', put(half, Buffer.from([0xc3, 0x28]))),
    bytes('trailing garbage', put(good.length, Buffer.from('\u0001}]garbage'))),
    bytes('words', 'this is something else\n'),
    bytes('nothing but brackets', '['.repeat(DEEP)),
    { name: 'a directory', content: { is: 'directory' }, passes: 'no' },
    { name: 'a link to nothing', content: { is: 'link', to: 'not-there' }, passes: 'no' },
    { name: 'a link to another file', content: { is: 'link', to: '/etc/hostname' }, passes: 'no' },
    { name: 'a hole of 100 MiB', content: { is: 'hole', size: 100 * MIB }, passes: 'no' },
    { name: 'a hole of 3 GiB', content: { is: 'hole', size: 3 * 1024 * MIB }, passes: 'no' },
    ...(process.getuid?.() === 0 ? [forbidden(good)] : []),
  ];
}
