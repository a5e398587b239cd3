/** The way back, as a change like any other: what the last update replaced comes back, what it brought goes. */
import { UpdateError } from '../../core/errors.ts';
import { VERSION_FILE } from '../../core/device/paths.ts';
import { isIntact, readBackupIn, wholeBackups } from '../change/backups.ts';
import { ORDER, orderOf } from './operation-order.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { backupCopy, onDisk } from '../transaction-paths.ts';
import type { Backup, ChangeSet, Installed, OwnedFile, Put } from '../types.ts';

export interface FoundBackup {
  /** Device path of its folder: what a rollback's journal has as `backup`. */
  folder: string;
  backup: Backup;
}

/**
 * The newest backup, every copy checked by hash. Throws NO_BACKUP when there is none, BACKUP_INVALID when its list or one of
 * its copies is damaged: an older one leads away from another release, and is never taken in its place.
 */
export function readBackup(place: TransactionPaths): FoundBackup {
  const folder = wholeBackups(place).at(-1);
  if (folder === undefined) {
    throw new UpdateError('NO_BACKUP', `there is no backup in '${place.backups}'`, { hint: 'the next update creates a backup' });
  }
  const read = readBackupIn(place, folder);
  if (read.is !== 'there') throw invalid(folder, 'backup.json is missing or damaged');
  if (!isIntact(place, folder, read.value)) throw invalid(folder, 'a file in it has changed');
  return { folder, backup: read.value };
}

function invalid(folder: string, why: string): UpdateError {
  return new UpdateError('BACKUP_INVALID', `the backup '${folder}' cannot be used: ${why}`, {
    hint: 'check `dmesg`: the SD card may be failing; installing any release again makes a new backup',
  });
}

/** The change that leads back to what was there before the update of this backup, owners included. Reads nothing. */
export function rollbackChange(place: TransactionPaths, { folder, backup }: FoundBackup, installed: Installed | null): ChangeSet {
  const restore = backup.before ?? { schema: 1 as const, version: backup.from, branch: backup.after.branch, files: [], dirs: [] };
  return {
    puts: backup.files.map((file) => putBack(place, folder, file)),
    deletes: backup.absent,
    installed,
    version: backup.from,
    branch: restore.branch,
    restore,
    known: [...backup.after.files, ...restore.files].map((file) => file.sha256),
  };
}

function putBack(place: TransactionPaths, folder: string, file: OwnedFile): Put {
  return {
    path: file.path,
    sha256: file.sha256,
    size: file.size,
    mode: file.mode,
    order: file.path === VERSION_FILE ? ORDER.version : orderOf(file.path, file.mode),
    config: false,
    content: { from: 'file', file: onDisk(place, backupCopy(folder, file.path)) },
    listed: true,
    owner: { uid: file.uid, gid: file.gid },
  };
}
