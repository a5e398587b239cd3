/**
 * The end of a transaction, either way. The journal goes last, when everything it describes is durable, the sweep included:
 * without it a crash here would leave temp files that no journal names (939 of 16,136 double-crash states, measured).
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { dropBackup, pruneBackups, readBackupIn } from './backups.ts';
import { withBarrier } from '../files/barrier.ts';
import { fsyncDir, lstatOrNull, removeTree, rmdirIfEmpty, unlinkIfThere } from '../files/durable.ts';
import { isInstalled } from '../schemas.ts';
import { closeJournal } from '../journal.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { editedFolder, stagedPath, keptOldPath, onDisk, touchedDirs } from '../transaction-paths.ts';
import { clearPath } from '../files/plain-file.ts';
import { dropOldAssets, pruneOldAssets } from './old-assets.ts';
import { readChecksummed, writeChecksummed } from '../checksummed-json.ts';
import { removeOrphanedTempFiles } from '../recovery/orphaned-temp-files.ts';
import type { Installed, Journal } from '../types.ts';

/**
 * After `committed`: sweeps, makes the new installed list the current one, keeps one backup, calls `record` (state, history),
 * and closes the journal. Can be run again after a crash at any line.
 */
export function finishCommitted(place: TransactionPaths, journal: Journal, record: () => void): void {
  sweep(place, journal);
  sweepGivenUp(place, journal);
  removeEmpty(place, journal.rmdirs);
  adoptInstalled(place, journal);
  pruneBackups(place, journal.backup);
  pruneOldAssets(place, journal);
  record();
  closeJournal(place);
}

/** After an undo: sweeps, removes what was made for this transaction, calls `record`, and closes the journal. */
export function finishUndone(place: TransactionPaths, journal: Journal, record: () => void): void {
  sweep(place, journal);
  removeEmpty(place, [...journal.mkdirs].reverse());
  if (journal.kind === 'apply') dropBackup(place, journal.backup);
  dropEdited(place, journal);
  dropOldAssets(place, journal);
  record();
  closeJournal(place);
}

/** Removes the transaction's own names beside the targets, durably. */
function sweep(place: TransactionPaths, journal: Journal): void {
  const dirs = touchedDirs(journal.ops).map((dir) => onDisk(place, dir));
  withBarrier(dirs, (barrier) => {
    for (const op of journal.ops) {
      for (const path of [stagedPath(journal, op), keptOldPath(journal, op)]) removeTree(onDisk(place, path));
    }
    for (const dir of dirs) if (lstatOrNull(dir) !== null) barrier.dir(dir);
  });
}

/** What a transaction left that was called broken has waited for this: the tree is known again, and its bytes are no longer needed. */
function sweepGivenUp(place: TransactionPaths, journal: Journal): void {
  const read = readBackupIn(place, journal.backup);
  if (read.is === 'there') removeOrphanedTempFiles(place, null, read.value);
}

/** Removes directories of ours that are empty now, durably; those that hold anything else stay. Innermost first. */
export function removeEmpty(place: TransactionPaths, dirs: readonly string[]): void {
  const paths = dirs.map((dir) => onDisk(place, dir));
  withBarrier(paths.map(dirname), (barrier) => {
    for (const path of paths) if (rmdirIfEmpty(path) && lstatOrNull(dirname(path)) !== null) barrier.dir(dirname(path));
  });
}

/** The list that was written beside the journal takes its place; one that was damaged since comes from the backup again. */
function adoptInstalled(place: TransactionPaths, journal: Journal): void {
  const next = readChecksummed(place.installedNext, isInstalled);
  if (next.is === 'absent') return; // adopted by an earlier run
  const again = next.is === 'corrupt' ? installedFromBackup(place, journal) : null;
  clearPath(place.installed);
  if (again === null) {
    fs.renameSync(place.installedNext, place.installed);
    fsyncDir(dirname(place.installed));
  } else {
    writeChecksummed(place.installed, again);
    clearPath(place.installedNext);
    unlinkIfThere(place.installedNext);
  }
}

function installedFromBackup(place: TransactionPaths, journal: Journal): Installed | null {
  const read = readBackupIn(place, journal.backup);
  if (read.is !== 'there') return null;
  return journal.kind === 'apply' ? read.value.after : read.value.before;
}

/** The owner's files are where they were: their copies are no longer the only ones. */
export function dropEdited(place: TransactionPaths, tx: Pick<Journal, 'tx'>): void {
  const folder = editedFolder(place, tx);
  if (lstatOrNull(folder) === null) return;
  removeTree(folder);
  fsyncDir(rmdirIfEmpty(place.edited) ? dirname(place.edited) : place.edited);
}
