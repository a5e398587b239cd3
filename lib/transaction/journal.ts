/** journal.json: the one file that says whether a transaction is open, and how far it is. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { UpdateError } from '../core/errors.ts';
import { fsyncDir, lstatOrNull, unlinkIfThere } from './files/durable.ts';
import { isJournal } from './schemas.ts';
import type { TransactionPaths } from './transaction-paths.ts';
import { clearPath } from './files/plain-file.ts';
import { readChecksummed, writeChecksummed } from './checksummed-json.ts';
import type { Journal } from './types.ts';

/** The open journal, or null when there is none or it is damaged. */
export function readJournal(place: TransactionPaths): Journal | null {
  const read = readChecksummed(place.journal, isJournal);
  return read.is === 'there' ? read.value : null;
}

/** Replaces the journal durably. Throws INTERNAL for one that recovery could not read back, and then writes nothing. */
export function writeJournal(place: TransactionPaths, journal: Journal): void {
  if (!isJournal(journal)) throw new UpdateError('INTERNAL', 'the journal has a value that recovery would refuse');
  writeChecksummed(place.journal, journal);
}

/** Removes the journal and whatever else the transaction kept in its folder, durably: the journal last. */
export function closeJournal(place: TransactionPaths): void {
  dropTemps(place);
  unlinkIfThere(place.journal);
  fsyncDir(dirname(place.journal));
}

/** Removes what a crash between temp file and rename leaves, and a next list that no journal refers to. Durable. */
export function dropTemps(place: TransactionPaths): void {
  const dir = dirname(place.journal);
  if (lstatOrNull(dir) === null) return;
  clearPath(place.installedNext);
  const temps = [place.journal, place.installed, place.installedNext].map((path) => `${path}.tmp`);
  const dropped = [...temps, place.installedNext].map((path) => unlinkIfThere(path));
  if (dropped.includes(true)) fsyncDir(dir);
}

/** Keeps a journal that cannot be used, under a name that no condition and no recovery looks at. */
export function setJournalAside(place: TransactionPaths, why: 'broken' | 'corrupt'): string {
  for (let n = 1; ; n += 1) {
    const aside = `${dirname(place.journal)}/journal.${why}-${String(n)}`;
    if (lstatOrNull(aside) !== null) continue;
    fs.renameSync(place.journal, aside);
    fsyncDir(dirname(place.journal));
    return aside;
  }
}

/**
 * Says `applying` on disk before live files go back. On a full disk it cannot be written anew; then the one that is there
 * must say so already, durably. Throws when it does not: what the disk calls committed may not be touched.
 */
export function assertApplying(place: TransactionPaths, journal: Journal): void {
  try {
    writeJournal(place, { ...journal, phase: 'applying' });
  } catch (error) {
    if (readJournal(place)?.phase !== 'applying') throw error;
    fsyncDir(dirname(place.journal));
  }
}

/** Counts an undo or a run forward that failed, against a loop of failures over reboots. A power cut does not count. */
export function countFailure(place: TransactionPaths, journal: Journal): void {
  try {
    writeJournal(place, { ...journal, phase: 'applying', undos: journal.undos + 1 });
  } catch {
    // Safe to ignore: one more attempt is made than counted; the journal that is there is still right.
  }
}
