/** What a rollback would go back to, from the newest backup. Only root can look. */
import { errnoOf } from '../core/errors.ts';
import { readBackupIn, wholeBackups } from '../transaction/backups.ts';
import { lstatOrNull } from '../transaction/durable.ts';
import { isInstalled } from '../transaction/guards.ts';
import type { Place } from '../transaction/place.ts';
import { readSealed } from '../transaction/sealed.ts';

export type RollbackTarget =
  | { is: 'there'; path: string; from: string | null; to: string | null; created: string }
  /** An update was cut short; rollback resolves that first. */
  | { is: 'open' }
  /** No backup, or one that leads away from another release than this one. */
  | { is: 'none' }
  | { is: 'damaged'; path: string }
  | { is: 'private' };

/** Looks at the list in the backup, not at every byte of it: the rollback itself does that. */
export function rollbackTarget(place: Place): RollbackTarget {
  try {
    if (lstatOrNull(place.journal) !== null) return { is: 'open' };
    const path = wholeBackups(place).at(-1);
    if (path === undefined) return { is: 'none' };
    const read = readBackupIn(place, path);
    if (read.is !== 'there') return { is: 'damaged', path };
    const installed = readSealed(place.installed, isInstalled);
    if (installed.is === 'there' && installed.value.version !== read.value.to) return { is: 'none' };
    return { is: 'there', path, from: read.value.to, to: read.value.from, created: read.value.created };
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return { is: 'private' };
    throw error;
  }
}
