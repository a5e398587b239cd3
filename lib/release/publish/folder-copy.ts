/**
 * Files of a site in another folder: each under a temporary name until it is complete and on disk. A path may be a file where the
 * release before had a folder, or the other way round; such a path is blocked until the obstacle is removed.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { UpdateError, mismatch } from '../../core/errors.ts';
import { copyToNew, fsyncDir, hashFile, lstatOrNull, removeTree, rmdirIfEmpty, unlinkIfThere } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';

/** A leftover of an interrupted run has the same name, and is overwritten. */
const SUFFIX = '.publish.tmp';
/** What an interrupted run has left, or another one is just making. */
const UNFINISHED = /^(?!files\/).*\.(?:tmp|partial)(?:\/|$)|^files\/\.pikit-|\.publish\.tmp$/s;
const MAX_NAME_BYTES = 255;

/** Copies a file unless the same bytes are there; false then. Complete and on disk before it has its name. Throws SITE_INVALID when it changes meanwhile. */
export function copyFile(from: string, to: string): boolean {
  const stat = lstatOrNull(to);
  const sha256 = hashFile(from);
  if (stat?.isFile() === true && stat.size === fs.statSync(from).size && hashFile(to) === sha256) return false;
  mkdirDurable(dirname(to), 0o755);
  const temporary = temporaryFor(to);
  unlinkIfThere(temporary);
  try {
    const copied = copyToNew(from, temporary, { mode: 0o644, owner: null });
    if (copied !== sha256) throw new UpdateError('SITE_INVALID', `'${from}' changed while it was copied: ${mismatch('sha256', sha256, copied)}`);
    fs.renameSync(temporary, to);
  } catch (error) {
    unlinkIfThere(temporary);
    throw error;
  }
  fsyncDir(dirname(to));
  return true;
}

/** Beside the file, and not longer than a name may be. */
function temporaryFor(to: string): string {
  const name = `${basename(to)}${SUFFIX}`;
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return join(dirname(to), name);
  return join(dirname(to), `.pikit-${createHash('sha256').update(name).digest('hex')}${SUFFIX}`);
}

/** The obstacle to a file at `path`: a file where it needs a folder, or a folder (or anything else) in its own place. Null if there is none. */
export function blockedBy(root: string, path: string): string | null {
  const parts = path.split('/');
  for (let depth = 1; depth < parts.length; depth += 1) {
    const at = parts.slice(0, depth).join('/');
    const stat = lstatOrNull(join(root, at));
    if (stat === null) return null;
    if (!stat.isDirectory() && fs.statSync(join(root, at), { throwIfNoEntry: false })?.isDirectory() !== true) return at;
  }
  const stat = lstatOrNull(join(root, path));
  return stat === null || stat.isFile() || stat.isSymbolicLink() ? null : path;
}

/** Removes the obstacle to a file at `path`, and nothing else. */
export function clearWay(root: string, path: string): void {
  const at = blockedBy(root, path);
  if (at === null) return;
  removeTree(join(root, at));
  fsyncDir(dirname(join(root, at)));
}

/** Removes a file, and the folders above it that are empty then, up to but without `top`. */
export function removeFile(root: string, path: string, top: string): void {
  unlinkIfThere(join(root, path));
  for (let at = dirname(path); at.startsWith(`${top}/`) && rmdirIfEmpty(join(root, at)); at = dirname(at));
}

/** Plain files below a folder of a site, as paths of the site, in order; unfinished ones are none. */
export function filesBelow(site: string, folder: string): string[] {
  return allBelow(site, folder).filter((path) => !UNFINISHED.test(path));
}

/** Removes what interrupted runs of ours have left below a folder: only under the lock, where no other process is copying. */
export function sweepCopies(site: string, folder: string): void {
  for (const path of allBelow(site, folder)) if (path.endsWith(SUFFIX)) unlinkIfThere(join(site, path));
}

function allBelow(site: string, folder: string): string[] {
  if (fs.statSync(join(site, folder), { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  const entries = fs.readdirSync(join(site, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(site, join(entry.parentPath, entry.name)))
    .toSorted();
}
