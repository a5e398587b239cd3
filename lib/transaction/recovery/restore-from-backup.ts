/** The hands of damaged.ts: bring a half swapped tree back from its backup, and make everything else agree with the tree. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { dropBackup, pruneBackups, wholeBackups } from '../change/backups.ts';
import { copyToNew, fsyncDir, hashFile, holdsBytes, lstatOrNull, removeTree, unlinkIfThere } from '../files/durable.ts';
import { mkdirDurable } from '../files/directories.ts';
import { removeEmpty } from '../change/finish.ts';
import { dropTemps } from '../journal.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { backupCopy, onDisk } from '../transaction-paths.ts';
import { clearPath } from '../files/plain-file.ts';
import { removeOldAssetDirs } from '../change/old-assets.ts';
import { writeChecksummed } from '../checksummed-json.ts';
import { factsAfter, isAt } from './tree-version.ts';
import { removeOrphanedTempFiles } from './orphaned-temp-files.ts';
import type { Backup, Installed, OwnedFile } from '../types.ts';

const DIR_MODE = 0o755;

/**
 * Makes the tree what it was before the update of this backup, durably. Its copies have to be intact. What the update brought
 * goes, also an edited one whose bytes are kept in the folder `edited`. Answers null, or why it cannot be done: then no file
 * was replaced. Can be run again after a crash.
 */
export function restoreFromBackup(place: TransactionPaths, folder: string, backup: Backup, edited: string | null): string | null {
  const shall = factsAfter(place, backup);
  for (const path of backup.absent) {
    const target = onDisk(place, path);
    const isOurs = isAt(place, path, shall(path)) || (edited !== null && isKept(target, `${edited}${path}`));
    if (isOurs && unlinkIfFile(target)) fsyncDir(dirname(target));
  }
  removeEmpty(place, dirsNotIn(backup.before, backup));
  const blocked = backup.files.find((file) => lstatOrNull(onDisk(place, file.path))?.isDirectory() === true);
  if (blocked !== undefined) return `'${blocked.path}' is a directory with files that are not from the updater`;
  for (const file of backup.files) if (!isAt(place, file.path, file)) copyBack(place, folder, backup, file);
  return null;
}

function isKept(target: string, copy: string): boolean {
  return lstatOrNull(copy)?.isFile() === true && holdsBytes(target, { sha256: hashFile(copy) });
}

function unlinkIfFile(path: string): boolean {
  return lstatOrNull(path)?.isFile() === true && unlinkIfThere(path);
}

function copyBack(place: TransactionPaths, folder: string, backup: Backup, file: OwnedFile): void {
  const target = onDisk(place, file.path);
  for (const dir of mkdirDurable(dirname(target), DIR_MODE)) {
    fs.chmodSync(dir, DIR_MODE);
    fs.chownSync(dir, place.owner.uid, place.owner.gid);
  }
  const temp = `${dirname(target)}/.pikit-${backup.tx}.0`;
  removeTree(temp);
  copyToNew(onDisk(place, backupCopy(folder, file.path)), temp, { mode: file.mode, owner: { uid: file.uid, gid: file.gid } });
  fs.renameSync(temp, target);
  fsyncDir(dirname(target));
}

/**
 * The tree is known now. Empty directories of the other side, temp files, installed.json and the backups are made to agree
 * with it, durably. `drop` is a backup that leads to where we are; without one, the newest stays. What is kept for open pages
 * may be of either side, and goes.
 */
export function completeTreeVersion(place: TransactionPaths, installed: Installed | null, backup: Backup | null, drop: string | null): void {
  removeOrphanedTempFiles(place, installed, backup);
  removeEmpty(place, dirsNotIn(installed, backup));
  clearPath(place.installed);
  if (installed === null) unlinkIfThere(place.installed);
  else writeChecksummed(place.installed, installed);
  dropTemps(place);
  fsyncDir(dirname(place.journal));
  if (drop !== null) dropBackup(place, drop);
  pruneBackups(place, wholeBackups(place).at(-1) ?? null);
  removeOldAssetDirs(place);
}

function dirsNotIn(installed: Installed | null, backup: Backup | null): string[] {
  const dirs = new Set([backup?.before, backup?.after].flatMap((list) => list?.dirs ?? []));
  const kept = new Set(installed?.dirs);
  return [...dirs].filter((dir) => !kept.has(dir)).sort((a, b) => b.length - a.length);
}
