/** What a rollback would go back to, from the newest backup. */
import type { RollbackTarget } from '../../core/device/public-facts.ts';
import { readBackupIn, wholeBackups } from '../change/backups.ts';
import { lstatOrNull } from '../files/durable.ts';
import { isInstalled } from '../schemas.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { readChecksummed } from '../checksummed-json.ts';

/** Looks at the list in the backup, not at every byte of it: the rollback itself does that. Throws EACCES for all but root. */
export function findRollbackTarget(place: TransactionPaths): RollbackTarget {
  return lstatOrNull(place.journal) === null ? newestBackupTarget(place) : { is: 'open' };
}

/** The same where the transaction that is open is over but for its journal. */
export function newestBackupTarget(place: TransactionPaths): RollbackTarget {
  const path = wholeBackups(place).at(-1);
  if (path === undefined) return { is: 'none' };
  const read = readBackupIn(place, path);
  if (read.is !== 'there') return { is: 'damaged', path };
  const installed = readChecksummed(place.installed, isInstalled);
  if (installed.is === 'there' && installed.value.version !== read.value.to) return { is: 'none' };
  return { is: 'there', path, from: read.value.to, to: read.value.from, created: read.value.created };
}
