/** What a rollback would go back to, from the newest backup. */
import type { RollbackTarget } from '../core/published.ts';
import { readBackupIn, wholeBackups } from './backups.ts';
import { lstatOrNull } from './durable.ts';
import { isInstalled } from './guards.ts';
import type { Place } from './place.ts';
import { readSealed } from './sealed.ts';

/** Looks at the list in the backup, not at every byte of it: the rollback itself does that. Throws EACCES for all but root. */
export function findRollbackTarget(place: Place): RollbackTarget {
  if (lstatOrNull(place.journal) !== null) return { is: 'open' };
  const path = wholeBackups(place).at(-1);
  if (path === undefined) return { is: 'none' };
  const read = readBackupIn(place, path);
  if (read.is !== 'there') return { is: 'damaged', path };
  const installed = readSealed(place.installed, isInstalled);
  if (installed.is === 'there' && installed.value.version !== read.value.to) return { is: 'none' };
  return { is: 'there', path, from: read.value.to, to: read.value.from, created: read.value.created };
}
