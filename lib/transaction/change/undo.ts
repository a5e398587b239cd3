/**
 * Back to exactly the old files, from any subset of the swap: POSIX orders none of its renames on disk.
 * Needs no space: old inodes are renamed back. Only where such a link is damaged or missing are bytes copied from the backup.
 * While an operation's temp file is still there, that operation has not happened, and what stands in its place is left alone.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import { withBarrier } from '../files/barrier.ts';
import { copyToNew, fsyncDir, holdsBytes, lstatOrNull, unlinkIfThere } from '../files/durable.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { backupCopy, stagedPath, keptOldPath, onDisk, touchedDirs } from '../transaction-paths.ts';
import { moveSlowly, renameDirectory } from '../files/move-slowly.ts';
import type { Journal, Operation, OwnedFile } from '../types.ts';

/** Restores the old tree durably. Throws UNDO_FAILED when neither the old inode nor the backup has a file's bytes. */
export function restoreOld(place: TransactionPaths, journal: Journal): void {
  const dirs = touchedDirs(journal.ops).map((dir) => onDisk(place, dir));
  withBarrier(dirs, (barrier) => {
    for (const op of [...journal.ops].reverse()) restore(place, journal, op);
    for (const dir of dirs) if (lstatOrNull(dir) !== null) barrier.dir(dir);
  });
}

function restore(place: TransactionPaths, journal: Journal, op: Operation): void {
  if (op.old === null) removeInstalled(place, journal, op);
  else if (op.old.type === 'dir') restoreDirectory(place, journal, op);
  else restoreFile(place, journal, op, op.old.file);
}

function isWaiting(place: TransactionPaths, journal: Journal, op: Operation): boolean {
  return op.new !== null && lstatOrNull(onDisk(place, stagedPath(journal, op))) !== null;
}

/** Removes what we brought to an empty place. A directory there is not what we brought. */
function removeInstalled(place: TransactionPaths, journal: Journal, op: Operation): void {
  const target = onDisk(place, op.path);
  if (!isWaiting(place, journal, op) && lstatOrNull(target)?.isDirectory() !== true) unlinkIfThere(target);
}

function restoreDirectory(place: TransactionPaths, journal: Journal, op: Operation): void {
  const away = onDisk(place, keptOldPath(journal, op));
  if (lstatOrNull(away) === null) return; // it never left
  const target = onDisk(place, op.path);
  const live = lstatOrNull(target);
  // With both there, the swap was on the slow way: each file is in one of the two.
  if (live?.isDirectory() === true) {
    moveSlowly(away, target);
    return;
  }
  if (live !== null) fs.unlinkSync(target);
  if (!renameDirectory(away, target)) moveSlowly(away, target);
}

function restoreFile(place: TransactionPaths, journal: Journal, op: Operation, old: OwnedFile): void {
  const target = onDisk(place, op.path);
  const keep = onDisk(place, keptOldPath(journal, op));
  const live = lstatOrNull(target);
  if (live !== null && isWaiting(place, journal, op)) return;
  if (live?.isDirectory() === true) moveDirectoryAside(place, journal, op);
  const kept = lstatOrNull(keep);
  // The same inode is the old file itself, even if its owner has edited it since.
  if (live !== null && kept !== null && live.ino === kept.ino && live.dev === kept.dev) return;
  if (live !== null && sameFacts(live, old) && holdsBytes(target, old)) return;
  if (!holdsBytes(keep, old)) copyFromBackup(place, journal, old, keep);
  fs.renameSync(keep, target);
}

/** The directory that took the place of a file goes back to its temporary name. One that we did not make is an obstacle. */
function moveDirectoryAside(place: TransactionPaths, journal: Journal, op: Operation): void {
  if (op.new?.type !== 'dir') {
    throw new UpdateError('UNDO_FAILED', `cannot restore '${op.path}': it is a directory now`, {
      hint: `move '${op.path}' somewhere else, then \`pikit-update rollback\``,
    });
  }
  fs.renameSync(onDisk(place, op.path), onDisk(place, stagedPath(journal, op)));
}

function sameFacts(live: fs.Stats, old: OwnedFile): boolean {
  return (live.mode & 0o7777) === old.mode && live.uid === old.uid && live.gid === old.gid;
}

function copyFromBackup(place: TransactionPaths, journal: Journal, old: OwnedFile, keep: string): void {
  const copy = onDisk(place, backupCopy(journal.backup, old.path));
  if (!holdsBytes(copy, old)) {
    throw new UpdateError('UNDO_FAILED', `neither the old file nor the backup of '${old.path}' still has its content`, {
      hint: `check '${journal.backup}' and \`dmesg\`: the SD card may be failing; then \`pikit-update rollback\` tries again`,
    });
  }
  unlinkIfThere(keep);
  copyToNew(copy, keep, { mode: old.mode, owner: { uid: old.uid, gid: old.gid } });
  fsyncDir(dirname(keep));
}
