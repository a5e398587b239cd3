/**
 * The backups: one folder each below /var/backups/pikit, named by time. A folder without `.partial` is a whole backup.
 * Exactly one is kept after a commit; a second one exists only while a transaction is open.
 */
import fs from 'node:fs';
import { fsyncDir, holdsBytes, lstatOrNull, removeTree } from '../files/durable.ts';
import { isBackup } from '../schemas.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { backupCopy, backupName, partialBackup, onDisk } from '../transaction-paths.ts';
import type { ChecksummedRead } from '../checksummed-json.ts';
import { readChecksummed } from '../checksummed-json.ts';
import { renameDirectory } from '../files/move-slowly.ts';
import type { Backup } from '../types.ts';

const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3}Z)$/;

/** Names of ours in the folder of backups, oldest first; whatever else lies there is not ours. */
function names(place: TransactionPaths, suffix: '' | '.partial'): string[] {
  const dir = onDisk(place, place.backups);
  if (lstatOrNull(dir) === null) return [];
  return fs
    .readdirSync(dir)
    .filter((name) => name.endsWith(suffix) && NAME.test(name.slice(0, name.length - suffix.length)))
    .sort();
}

/** Device paths of the whole backups, oldest first. One with a folder of its name and `.partial` beside it is on its way out. */
export function wholeBackups(place: TransactionPaths): string[] {
  const leaving = new Set(names(place, '.partial'));
  return names(place, '')
    .filter((name) => !leaving.has(partialBackup(name)))
    .map((name) => `${place.backups}/${name}`);
}

export function readBackupIn(place: TransactionPaths, folder: string): ChecksummedRead<Backup> {
  return readChecksummed(`${onDisk(place, folder)}/backup.json`, isBackup);
}

/** Whether every copy still has the bytes it was made from. */
export function isIntact(place: TransactionPaths, folder: string, backup: Backup): boolean {
  return backup.files.every((file) => holdsBytes(onDisk(place, backupCopy(folder, file.path)), file));
}

/** A folder for a new backup, later than all there are: the newest by name is the last one made, even if the clock went back. */
export function nextBackup(place: TransactionPaths, now: Date): string {
  const times = [...names(place, ''), ...names(place, '.partial')].map((name) =>
    Date.parse(name.replace('.partial', '').replace(NAME, '$1-$2-$3T$4:$5:$6')),
  );
  const time = Math.max(now.getTime(), ...times.filter((known) => !Number.isNaN(known)).map((known) => known + 1));
  return `${place.backups}/${new Date(time).toISOString().replace(/[-:]/g, '')}`;
}

/** Removes every backup but the one to keep, and every unfinished one, durably. */
export function pruneBackups(place: TransactionPaths, folder: string | null): void {
  const kept = folder === null ? null : backupName(folder);
  remove(
    place,
    names(place, '').filter((name) => name !== kept),
    kept,
  );
}

/** Removes one backup, whole or not, and every other unfinished one, durably. The other whole ones stay. */
export function dropBackup(place: TransactionPaths, folder: string): void {
  remove(place, [backupName(folder)], null);
}

/**
 * Renamed before it is emptied, so that what has a whole backup's name is one. Where the filesystem refuses that, an empty
 * folder with the name it would have had says the same until it is gone; an interrupted removal is finished by the next.
 */
function remove(place: TransactionPaths, whole: readonly string[], kept: string | null): void {
  const dir = onDisk(place, place.backups);
  if (lstatOrNull(dir) === null) return;
  for (const name of whole) {
    const partial = partialBackup(`${dir}/${name}`);
    if (lstatOrNull(`${dir}/${name}`) === null || lstatOrNull(partial) !== null || renameDirectory(`${dir}/${name}`, partial)) continue;
    fs.mkdirSync(partial, { mode: 0o700 });
    fsyncDir(dir);
  }
  for (const partial of names(place, '.partial')) {
    const name = partial.slice(0, -'.partial'.length);
    if (name !== kept && lstatOrNull(`${dir}/${name}`) !== null) {
      removeTree(`${dir}/${name}`);
      fsyncDir(dir);
    }
    removeTree(`${dir}/${partial}`);
  }
  fsyncDir(dir);
}
