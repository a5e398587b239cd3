/** The hands of damaged.ts: bring a half swapped tree back from its backup, and make everything else agree with the tree. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { dropBackup, keepOnly, wholeBackups } from './backups.ts';
import { copyToNew, fsyncDir, hashFile, holdsBytes, lstatOrNull, mkdirDurable, removeTree, unlinkIfThere } from './durable.ts';
import { removeEmpty } from './finish.ts';
import { dropTemps } from './journal.ts';
import type { Place } from './place.ts';
import { backupCopy, real } from './place.ts';
import { clearPlace } from './plain-file.ts';
import { dropPrevious } from './previous.ts';
import { writeSealed } from './sealed.ts';
import { factsAfter, isAt } from './side.ts';
import { removeStrays } from './strays.ts';
import type { Backup, Installed, OwnedFile } from './types.ts';

const DIR_MODE = 0o755;

/**
 * Makes the tree what it was before the update of this backup, durably. Its copies have to be intact. What the update brought
 * goes, also an edited one whose bytes are kept in the folder `edited`. Answers null, or why it cannot be done: then no file
 * was replaced. Can be run again after a crash.
 */
export function bringBack(place: Place, folder: string, backup: Backup, edited: string | null): string | null {
  for (const path of backup.absent) {
    const target = real(place, path);
    const isOurs = isAt(place, path, factsAfter(place, backup, path)) || (edited !== null && isKept(target, `${edited}${path}`));
    if (isOurs && unlinkIfFile(target)) fsyncDir(dirname(target));
  }
  removeEmpty(place, dirsNotIn(backup.before, backup));
  const blocked = backup.files.find((file) => lstatOrNull(real(place, file.path))?.isDirectory() === true);
  if (blocked !== undefined) return `'${blocked.path}' is a directory that holds files of somebody else`;
  for (const file of backup.files) if (!isAt(place, file.path, file)) copyBack(place, folder, backup, file);
  return null;
}

function isKept(target: string, copy: string): boolean {
  return lstatOrNull(copy)?.isFile() === true && holdsBytes(target, { sha256: hashFile(copy) });
}

function unlinkIfFile(path: string): boolean {
  return lstatOrNull(path)?.isFile() === true && unlinkIfThere(path);
}

function copyBack(place: Place, folder: string, backup: Backup, file: OwnedFile): void {
  const target = real(place, file.path);
  for (const dir of mkdirDurable(dirname(target), DIR_MODE)) {
    fs.chmodSync(dir, DIR_MODE);
    fs.chownSync(dir, place.owner.uid, place.owner.gid);
  }
  const temp = `${dirname(target)}/.pikit-${backup.tx}.0`;
  removeTree(temp);
  copyToNew(real(place, backupCopy(folder, file.path)), temp, { mode: file.mode, owner: { uid: file.uid, gid: file.gid } });
  fs.renameSync(temp, target);
  fsyncDir(dirname(target));
}

/**
 * The tree is known now. Empty directories of the other side, temp files, installed.json and the backups are made to agree
 * with it, durably. `drop` is a backup that leads to where we are; without one, the newest stays. What is kept for open pages
 * may be of either side, and goes.
 */
export function settle(place: Place, installed: Installed | null, backup: Backup | null, drop: string | null): void {
  removeStrays(place, installed, backup);
  removeEmpty(place, dirsNotIn(installed, backup));
  clearPlace(place.installed);
  if (installed === null) unlinkIfThere(place.installed);
  else writeSealed(place.installed, installed);
  dropTemps(place);
  fsyncDir(dirname(place.journal));
  if (drop !== null) dropBackup(place, drop);
  keepOnly(place, wholeBackups(place).at(-1) ?? null);
  dropPrevious(place);
}

function dirsNotIn(installed: Installed | null, backup: Backup | null): string[] {
  const dirs = new Set([backup?.before, backup?.after].flatMap((list) => list?.dirs ?? []));
  return [...dirs].filter((dir) => installed?.dirs.includes(dir) !== true).sort((a, b) => b.length - a.length);
}
