import fs from 'node:fs';
import { UpdateError } from '../../core/errors.ts';
import { hashFile, lstatOrNull } from '../files/durable.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { onDisk } from '../transaction-paths.ts';
import type { OwnedFile, OldObject } from '../types.ts';

const MODE_BITS = 0o7777;

/** The facts of a live regular file, or null when nothing is there. Throws DEST_TYPE for anything else. */
export function liveFile(place: TransactionPaths, path: string): OwnedFile | null {
  const stat = lstatOrNull(onDisk(place, path));
  if (stat === null) return null;
  if (!stat.isFile()) throw notAFile(path, stat);
  return factsOf(place, path, stat);
}

/** What a change may take away. */
export interface Leaving {
  /** Managed files that leave with this change. */
  files: ReadonlySet<string>;
  /** Directories that we made. */
  dirs: ReadonlySet<string>;
}

/**
 * What a path holds: nothing, a regular file, or a directory that holds nothing but managed files which all leave with this
 * change. Throws DEST_TYPE for symlinks, devices, and a directory in which anything foreign would be lost.
 */
export function readLivePath(place: TransactionPaths, path: string, leaving: Leaving): OldObject | null {
  const stat = lstatOrNull(onDisk(place, path));
  if (stat === null) return null;
  if (stat.isFile()) return { type: 'file', file: factsOf(place, path, stat) };
  if (!stat.isDirectory()) throw notAFile(path, stat);
  return { type: 'dir', files: filesBelow(place, path, leaving) };
}

/**
 * The file at a path that is to go away. When the owner has put something else there (a directory, a link), it is no longer
 * ours: it is left alone.
 */
export function readManagedFile(place: TransactionPaths, path: string): OwnedFile | 'foreign' | null {
  const stat = lstatOrNull(onDisk(place, path));
  if (stat === null) return null;
  return stat.isFile() ? factsOf(place, path, stat) : 'foreign';
}

function factsOf(place: TransactionPaths, path: string, stat: fs.Stats): OwnedFile {
  return { path, sha256: hashFile(onDisk(place, path)), size: stat.size, mode: stat.mode & MODE_BITS, uid: stat.uid, gid: stat.gid };
}

function filesBelow(place: TransactionPaths, dir: string, leaving: Leaving): OwnedFile[] {
  const files = fs.readdirSync(onDisk(place, dir)).flatMap((name) => {
    const path = `${dir}/${name}`;
    const stat = fs.lstatSync(onDisk(place, path));
    if (stat.isDirectory()) return filesBelow(place, path, leaving);
    if (!stat.isFile() || !leaving.files.has(path)) throw inTheWay(dir, `it contains '${path}', which is not part of this release`);
    return [factsOf(place, path, stat)];
  });
  if (files.length === 0 && !leaving.dirs.has(dir)) throw inTheWay(dir, 'the updater did not create it');
  return files;
}

/** The refusal to replace a directory that is not ours, or holds something that is not. */
function inTheWay(dir: string, why: string): UpdateError {
  return new UpdateError('DEST_TYPE', `'${dir}' cannot be replaced with a file: ${why}`, {
    hint: `move '${dir}' somewhere else, then try again`,
  });
}

function notAFile(path: string, stat: fs.Stats): UpdateError {
  const what = stat.isSymbolicLink() ? 'a symbolic link' : stat.isDirectory() ? 'a directory' : 'a special file';
  return new UpdateError('DEST_TYPE', `'${path}' is ${what}, not a regular file`, {
    hint: `the updater replaces only regular files: move '${path}' somewhere else, then try again`,
  });
}
