/**
 * The end of a transaction, either way. The journal goes last, when everything it describes is durable, the sweep included:
 * without it a crash here would leave temp files that nobody knows of (939 of 16,136 double-crash states, measured).
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { dropBackup, keepOnly, readBackupIn } from './backups.ts';
import { fsyncDir, lstatOrNull, removeTree, rmdirIfEmpty, unlinkIfThere } from './durable.ts';
import { isInstalled } from './guards.ts';
import { closeJournal } from './journal.ts';
import type { Place } from './place.ts';
import { editedFolder, newPath, oldPath, real, touchedDirs } from './place.ts';
import { clearPlace } from './plain-file.ts';
import { dropLeaving, keepOnlyLeaving } from './previous.ts';
import { readSealed, writeSealed } from './sealed.ts';
import { removeStrays } from './strays.ts';
import type { Installed, Journal } from './types.ts';

/**
 * After `committed`: sweeps, makes the new installed list the current one, keeps one backup, calls `record` (state, history),
 * and closes the journal. Can be run again after a crash at any line.
 */
export function finishCommitted(place: Place, journal: Journal, record: () => void): void {
  sweep(place, journal);
  sweepGivenUp(place, journal);
  removeEmpty(place, journal.rmdirs);
  adoptInstalled(place, journal);
  keepOnly(place, journal.backup);
  keepOnlyLeaving(place, journal);
  record();
  closeJournal(place);
}

/** After an undo: sweeps, removes what was made for this transaction, calls `record`, and closes the journal. */
export function finishUndone(place: Place, journal: Journal, record: () => void): void {
  sweep(place, journal);
  removeEmpty(place, [...journal.mkdirs].reverse());
  if (journal.kind === 'apply') dropBackup(place, journal.backup);
  dropEdited(place, journal);
  dropLeaving(place, journal);
  record();
  closeJournal(place);
}

/** Removes the transaction's own names beside the targets, durably. */
function sweep(place: Place, journal: Journal): void {
  for (const op of journal.ops) {
    for (const path of [newPath(journal, op), oldPath(journal, op)]) removeTree(real(place, path));
  }
  for (const dir of touchedDirs(journal.ops)) if (lstatOrNull(real(place, dir)) !== null) fsyncDir(real(place, dir));
}

/** What a transaction left that was called broken has waited for this: the tree is known again, and nobody needs its bytes. */
function sweepGivenUp(place: Place, journal: Journal): void {
  const read = readBackupIn(place, journal.backup);
  if (read.is === 'there') removeStrays(place, null, read.value);
}

/** Removes directories of ours that are empty now, durably; those that hold anything else stay. Innermost first. */
export function removeEmpty(place: Place, dirs: readonly string[]): void {
  for (const dir of dirs) {
    if (rmdirIfEmpty(real(place, dir)) && lstatOrNull(dirname(real(place, dir))) !== null) fsyncDir(dirname(real(place, dir)));
  }
}

/** The list that was written beside the journal takes its place; one that was damaged since comes from the backup again. */
function adoptInstalled(place: Place, journal: Journal): void {
  const next = readSealed(place.installedNext, isInstalled);
  if (next.is === 'absent') return; // adopted by an earlier run
  const again = next.is === 'corrupt' ? installedFromBackup(place, journal) : null;
  clearPlace(place.installed);
  if (again === null) {
    fs.renameSync(place.installedNext, place.installed);
    fsyncDir(dirname(place.installed));
  } else {
    writeSealed(place.installed, again);
    clearPlace(place.installedNext);
    unlinkIfThere(place.installedNext);
  }
}

function installedFromBackup(place: Place, journal: Journal): Installed | null {
  const read = readBackupIn(place, journal.backup);
  if (read.is !== 'there') return null;
  return journal.kind === 'apply' ? read.value.after : read.value.before;
}

/** The owner's files are where they were: their copies are no longer the only ones. */
export function dropEdited(place: Place, tx: Pick<Journal, 'tx'>): void {
  const folder = editedFolder(place, tx);
  if (lstatOrNull(folder) === null) return;
  removeTree(folder);
  fsyncDir(rmdirIfEmpty(place.edited) ? dirname(place.edited) : place.edited);
}
