/** The moment itself: renames in order, then deletions, then the directories made durable. Rerunning it is harmless. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import { withBarrier } from '../files/barrier.ts';
import { fsyncDir, hashFile, lstatOrNull, unlinkIfThere } from '../files/durable.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { stagedPath, keptOldPath, onDisk, touchedDirs } from '../transaction-paths.ts';
import { moveSlowly, renameDirectory } from '../files/move-slowly.ts';
import type { Journal, Operation } from '../types.ts';

/** Brings every operation about. Only while the journal says `applying`; a failure leaves a mix that undo() resolves. */
export function swap(place: TransactionPaths, journal: Journal): void {
  const dirs = touchedDirs(journal.ops).map((dir) => onDisk(place, dir));
  withBarrier(dirs, (barrier) => {
    for (const op of journal.ops) if (op.new !== null) installNew(place, journal, op);
    for (const op of journal.ops) if (op.new === null) removeOld(onDisk(place, op.path));
    for (const dir of dirs) barrier.dir(dir);
  });
}

/** Skips directories: the user created it after planning. */
function removeOld(target: string): void {
  if (lstatOrNull(target)?.isDirectory() !== true) unlinkIfThere(target);
}

function installNew(place: TransactionPaths, journal: Journal, op: Operation): void {
  const target = onDisk(place, op.path);
  const waiting = onDisk(place, stagedPath(journal, op));
  if (lstatOrNull(waiting) === null) return; // renamed by an earlier run
  if (op.old === null && lstatOrNull(target) !== null && !isInstalledAlready(target, op)) {
    throw new UpdateError('DEST_TYPE', `'${op.path}' appeared while the update was being prepared`, {
      hint: `something else writes to '${op.path}': stop it or move the file away, then try again`,
    });
  }
  // rename(2) replaces a file by a file in one step. Between a file and a directory it cannot: the old one goes first. A
  // directory has one name only, so its new one is made durable before something else takes the old one.
  if (op.old?.type === 'dir' && lstatOrNull(target)?.isDirectory() === true) {
    const away = onDisk(place, keptOldPath(journal, op));
    // With both there, an earlier run was on the slow way.
    if (lstatOrNull(away) !== null || !renameDirectory(target, away)) moveSlowly(target, away);
    fsyncDir(dirname(target));
  }
  if (op.new?.type === 'dir') unlinkIfThere(target);
  fs.renameSync(waiting, target);
}

/**
 * Whether an earlier run has brought it: a recovery that could not read it for a moment (EIO) has made a second copy, to be on
 * the safe side, which takes its place now.
 */
function isInstalledAlready(target: string, op: Operation): boolean {
  if (op.new?.type !== 'file') return false;
  const stat = lstatOrNull(target);
  if (stat?.isFile() !== true || stat.size !== op.new.file.size) return false;
  try {
    return hashFile(target) === op.new.file.sha256;
  } catch (error) {
    if (errnoOf(error) === 'EIO') return true;
    throw error;
  }
}
