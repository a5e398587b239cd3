/**
 * The journal is there and cannot be read: the card lost a bit of it. What is known then: the live tree, installed.json, and
 * the backups, all with hashes. The newest backup says of each path that its update touched what was there before and after,
 * so the tree is found to be one side of it, or a mix; temp files beside the targets carry the id of the open transaction.
 *
 * | temp files             | so what was open is            | the tree is made                                        |
 * |------------------------|--------------------------------|---------------------------------------------------------|
 * | of the backup's update | that update, never proved good | what was before                                         |
 * | of another transaction | a rollback to that backup      | what was before, but for a tree that is all after: that |
 * | none                   | nothing live is half done      | the side that it is on, else as installed.json says     |
 *
 * It is called broken, and no file is replaced, when a second thing is damaged that would be needed. Decided by hashes, so it
 * can be run again after a crash; the damaged journal is set aside last, for a look.
 */
import { isIntact, readBackupIn, wholeBackups } from '../change/backups.ts';
import { dropEdited } from '../change/finish.ts';
import { isInstalled } from '../schemas.ts';
import { setJournalAside } from '../journal.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { restoreFromBackup, completeTreeVersion } from './restore-from-backup.ts';
import type { Backup, Installed, Recovery } from '../types.ts';
import type { ChecksummedRead } from '../checksummed-json.ts';
import { readChecksummed } from '../checksummed-json.ts';
import { treeVersionOf } from './tree-version.ts';
import { orphanedTempFiles, transactionOf } from './orphaned-temp-files.ts';

/** Finds out which release the tree is, or makes it the one before the last update. Nothing is changed when it is `broken`. */
export function recoverWithoutJournal(place: TransactionPaths): Recovery {
  const listed = readChecksummed(place.installed, isInstalled);
  const folder = wholeBackups(place).at(-1);
  if (folder === undefined) return withoutBackup(place, listed);
  const read = readBackupIn(place, folder);
  if (read.is !== 'there') return broken(place, `the journal and the backup '${folder}' are damaged`);
  return withBackup(place, listed, folder, read.value);
}

function withoutBackup(place: TransactionPaths, listed: ChecksummedRead<Installed>): Recovery {
  if (listed.is === 'corrupt') return broken(place, 'the journal and installed.json are damaged, and there is no backup');
  const installed = listed.is === 'there' ? listed.value : null;
  if (orphanedTempFiles(place, installed, null).length > 0) return broken(place, 'the journal is damaged, and there is no backup');
  return rebuilt(place, installed, null);
}

function withBackup(place: TransactionPaths, listed: ChecksummedRead<Installed>, folder: string, backup: Backup): Recovery {
  const side = treeVersionOf(place, backup);
  const tx = openTransaction(place, backup);
  const isRollback = tx !== null && tx !== backup.tx;
  const halfDone = tx !== null && (isRollback ? side !== 'after' : side !== 'before');
  if (halfDone && isIntact(place, folder, backup)) {
    const problem = restoreFromBackup(place, folder, backup, isRollback ? `${place.edited}/${tx}` : null);
    return problem === null
      ? rebuilt(place, before(listed, backup), { folder, backup, drop: true, undone: tx })
      : broken(place, `the journal is damaged, and ${problem}`);
  }
  if (side === 'before' && !isRollback) return rebuilt(place, before(listed, backup), { folder, backup, drop: true, undone: tx });
  if (side === 'after') return rebuilt(place, backup.after, { folder, backup, drop: false });
  if (listed.is !== 'there' || tx !== null) return broken(place, 'the journal is damaged, and the files match no known release');
  return rebuilt(place, listed.value, { folder, backup, drop: false });
}

/** The id in the names of temp files, or null when there are none. */
function openTransaction(place: TransactionPaths, backup: Backup): string | null {
  const stray = orphanedTempFiles(place, null, backup)[0];
  return stray === undefined ? null : transactionOf(stray);
}

/** What was installed before the update of this backup; before the first one, there was no list at all. */
function before(listed: ChecksummedRead<Installed>, backup: Backup): Installed | null {
  if (backup.before !== null || listed.is === 'absent') return backup.before;
  return { schema: 1, version: backup.from, branch: backup.after.branch, files: [], dirs: [] };
}

interface Source {
  folder: string;
  backup: Backup;
  /** It leads to where we are now. */
  drop: boolean;
  /** The transaction that was open: if it is the update of this backup, the owner's files are where they were. */
  undone?: string | null;
}

function rebuilt(place: TransactionPaths, installed: Installed | null, source: Source | null): Recovery {
  completeTreeVersion(place, installed, source?.backup ?? null, source?.drop === true ? source.folder : null);
  if (source !== null && source.undone === source.backup.tx) dropEdited(place, source.backup);
  return { is: 'rebuilt', installed, aside: setJournalAside(place, 'corrupt') };
}

function broken(place: TransactionPaths, reason: string): Recovery {
  return { is: 'broken', journal: null, aside: setJournalAside(place, 'corrupt'), reason };
}
