/**
 * Where rename(2) or link(2) is refused for reasons of the filesystem itself, the same is done file by file. An overlay refuses
 * to rename a directory that is in its lower layer (EXDEV: a golden image, a container), vfat has no hard links (EPERM), ext4
 * allows 65,000 of one file (EMLINK).
 *
 * A directory that is moved file by file is in two places for a while. Its files are under the new name, durably, before the
 * first one goes from the old: after a crash each of them is in one of the two.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import { copyToNew, fsyncDir, lstatOrNull, removeTree } from './durable.ts';

const REFUSALS = ['EPERM', 'EMLINK', 'EXDEV', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** Whether link(2) has failed because it cannot be done there at all. */
export function isLinkRefused(error: unknown): boolean {
  return REFUSALS.includes(errnoOf(error) ?? '');
}

/** rename(2), of a directory to a name that is free; says whether the filesystem allows it. */
export function renameDirectory(from: string, to: string): boolean {
  try {
    fs.renameSync(from, to);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EXDEV') throw error;
    return false;
  }
}

/**
 * Moves a directory file by file, durably up to the last removal. Can be run again after a crash, as long as both names are the
 * same: what is under the new name already stays as it is.
 */
export function moveSlowly(from: string, to: string): void {
  mirror(from, to);
  fsyncDir(dirname(to));
  removeTree(from);
}

/** Everything that `from` still has, under the name `to` as well, with modes and owners. */
function mirror(from: string, to: string): void {
  const stat = fs.lstatSync(from);
  if (!stat.isDirectory()) {
    if (lstatOrNull(to) === null) linkOrCopy(from, to, stat);
    return;
  }
  if (lstatOrNull(to) === null) {
    fs.mkdirSync(to, { mode: 0o700 });
    fs.chownSync(to, stat.uid, stat.gid);
    fs.chmodSync(to, stat.mode & 0o7777);
  }
  for (const name of fs.readdirSync(from)) mirror(`${from}/${name}`, `${to}/${name}`);
  fsyncDir(to);
}

function linkOrCopy(from: string, to: string, { mode, uid, gid }: fs.Stats): void {
  try {
    fs.linkSync(from, to);
  } catch (error) {
    if (!isLinkRefused(error)) throw error;
    copyToNew(from, to, { mode: mode & 0o7777, owner: { uid, gid } });
  }
}
