/** The receipts of all that changed this device. */
import { UpdateError, errnoOf } from '../core/errors.ts';
import type { Receipt } from '../core/state.ts';
import type { DeviceDeps } from './deps.ts';
import { publishedHere } from './published.ts';

/** Oldest first; for others than root the last hundred. Throws PERMISSION for them where root has not let them know. */
export function readReceipts(deps: Pick<DeviceDeps, 'files'>): Receipt[] {
  try {
    return deps.files.readHistory();
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
    const published = publishedHere(deps);
    if (published !== null) return published.history;
    throw new UpdateError('PERMISSION', 'only root can read the history', { hint: 'sudo pikit-update history', cause: error });
  }
}
