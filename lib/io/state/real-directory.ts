/** A folder that another user writes to as well: what is in it may be exchanged at any time, and it itself by who owns the one above. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import type { Ownership } from '../../transaction/files/durable.ts';
import { openDirectory } from '../../transaction/files/held-directory.ts';
import { lstatOrNull } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import { keepAside } from '../../transaction/files/plain-file.ts';

/**
 * Holds a directory open, never one that a link leads to, and names it through its descriptor: a user who may write above it
 * can exchange it for a link in the meantime, and does not redirect what is done in it. Throws DEST_TYPE for what is no directory.
 */
export function inRealDirectory<T>(dir: string, act: (at: string, owner: Ownership) => T): T {
  const fd = openRealDirectory(dir);
  open.set(fd, dir);
  try {
    return act(`/proc/self/fd/${String(fd)}`, fs.fstatSync(fd));
  } catch (error) {
    throw withRealNames(error);
  } finally {
    open.delete(fd);
    fs.closeSync(fd);
  }
}

/** The directories that are held open, by descriptor. */
const open = new Map<number, string>();

/** A text in which directories that are held open have the names that people know. */
export function realNames(text: string): string {
  return text.replace(/\/proc\/self\/fd\/(\d+)/g, (whole, fd: string) => open.get(Number(fd)) ?? whole);
}

/** Replaces '/proc/self/fd/23/state.json', which means nothing after this process has ended. */
function withRealNames(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  error.message = realNames(error.message);
  for (const key of ['path', 'dest'] as const) {
    const value: unknown = Reflect.get(error, key);
    if (typeof value === 'string') Reflect.set(error, key, realNames(value));
  }
  return error;
}

function openRealDirectory(dir: string): number {
  try {
    return openDirectory(dir, 'refuse');
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'ENOTDIR' && errno !== 'ELOOP') throw error;
    throw new UpdateError('DEST_TYPE', `'${dir}' is not a directory, or a symbolic link: nothing is written there`, {
      hint: 'put a directory there; `systemd-tmpfiles --create pikit-update.conf` creates it',
      cause: error,
    });
  }
}

/**
 * Makes a folder, below one that this user owns, in the place of whatever else has its name: that is kept aside, never followed,
 * and reported. `group`: it may put files there, and touch no others.
 */
export function makeFolder(dir: string, group: Ownership | null, report: (message: string) => void): void {
  const stat = lstatOrNull(dir);
  if (stat?.isDirectory() === true) return;
  if (stat !== null) {
    if (fs.statSync(dirname(dir)).uid !== process.geteuid?.()) return; // the process that opens it reports it
    report(`'${dir}' is not a directory; moved it to '${keepAside(dir)}' and created the directory`);
  }
  ensureFolder(dir);
  if (group === null || process.geteuid?.() !== 0 || group.uid === 0) return;
  fs.chownSync(dir, 0, group.gid);
  fs.chmodSync(dir, STICKY);
}

/**
 * Makes a folder that a file of ours belongs in, where it is missing; durable. Throws IO_ERROR or PERMISSION, with what makes it, where
 * this process may not: in the sandbox of a unit, all around it can only be read.
 */
export function ensureFolder(dir: string): void {
  try {
    mkdirDurable(dir, 0o755);
  } catch (error) {
    throw missing(dir, error) ?? error;
  }
}

/** The error for a folder of ours that was removed and cannot be created here; null if it exists. */
export function missing(path: string, cause: unknown): UpdateError | null {
  const errno = errnoOf(cause);
  if ((errno !== 'EROFS' && errno !== 'EACCES' && errno !== 'EPERM') || lstatOrNull(path) !== null) return null;
  return new UpdateError(errno === 'EROFS' ? 'IO_ERROR' : 'PERMISSION', `'${path}' does not exist and cannot be created (${errno})`, {
    hint: 'run it as root, or start the unit instead; on a device `sudo systemd-tmpfiles --create pikit-update.conf` makes what is missing',
    cause,
  });
}

/** Users who may write there can neither remove nor replace files of other users. */
const STICKY = 0o1775;

/** The user of the network steps: whose folder that is. Null where there is none. */
export function ownerOf(dir: string): Ownership | null {
  const stat = lstatOrNull(dir);
  return stat?.isDirectory() === true ? { uid: stat.uid, gid: stat.gid } : null;
}

/** Whose file that is; null where there is none. */
export function ownerOfFile(path: string): Ownership | null {
  const stat = lstatOrNull(path);
  return stat?.isFile() === true ? { uid: stat.uid, gid: stat.gid } : null;
}
