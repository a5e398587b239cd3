/**
 * A rollback goes on to its target, from any subset of its swap: the release that ran before, and so is known to be good.
 * New bytes that did not survive come from the backup again, which a rollback never changes.
 */
import { dirname } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import { readBackupIn } from './backups.ts';
import { copyToNew, fsyncDir, holdsBytes, lstatOrNull, unlinkIfThere } from '../files/durable.ts';
import { assertApplying, countFailure } from '../journal.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { backupCopy, stagedPathInDirectory, stagedPath, onDisk } from '../transaction-paths.ts';
import { swap } from './swap.ts';
import type { Journal, Operation, OwnedFile } from '../types.ts';

/**
 * Finishes the swap; the returned journal is for commit(). Can be given a journal that is behind the disk: the disk says
 * `applying` before any file moves. Throws BACKUP_INVALID when bytes are lost, and whatever else failed; recovery goes on then.
 */
export function rollForward(place: TransactionPaths, journal: Journal): Journal {
  const applying: Journal = { ...journal, phase: 'applying' };
  assertApplying(place, applying);
  try {
    for (const op of applying.ops) for (const file of waitingFiles(place, applying, op)) mend(place, applying, file);
    swap(place, applying);
    return applying;
  } catch (error) {
    countFailure(place, applying);
    throw error;
  }
}

interface Waiting {
  file: OwnedFile;
  /** Real path of its new bytes. */
  at: string;
}

/** The files that an operation still has to bring; none when it has happened. */
function waitingFiles(place: TransactionPaths, journal: Journal, op: Operation): Waiting[] {
  const waiting = onDisk(place, stagedPath(journal, op));
  const isGone = lstatOrNull(waiting) === null;
  if (op.new?.type === 'file') return isGone && holdsBytes(onDisk(place, op.path), op.new.file) ? [] : [{ file: op.new.file, at: waiting }];
  if (op.new === null || isGone) return [];
  return op.new.files.map((file) => ({ file, at: onDisk(place, stagedPathInDirectory(journal, op, file.path)) }));
}

/** Its copy in the backup. A file that has been moved since has it under the path that it had then. */
function copyOf(place: TransactionPaths, journal: Journal, file: OwnedFile): string | null {
  const read = readBackupIn(place, journal.backup);
  const moved = read.is === 'there' ? read.value.files.filter(({ sha256 }) => sha256 === file.sha256).map(({ path }) => path) : [];
  const copies = [file.path, ...moved].map((path) => onDisk(place, backupCopy(journal.backup, path)));
  return copies.find((copy) => holdsBytes(copy, file)) ?? null;
}

function mend(place: TransactionPaths, journal: Journal, { file, at }: Waiting): void {
  if (holdsBytes(at, file)) return;
  const copy = copyOf(place, journal, file);
  if (copy === null) {
    throw new UpdateError('BACKUP_INVALID', `the backup of '${file.path}' no longer still has its content`, {
      hint: `check '${journal.backup}' and \`dmesg\`: the SD card may be failing; then \`pikit-update rollback\` tries again`,
    });
  }
  unlinkIfThere(at);
  copyToNew(copy, at, { mode: file.mode, owner: { uid: file.uid, gid: file.gid } });
  fsyncDir(dirname(at));
}
