/** The receipts of all that changed this device. */
import { UpdateError, errnoOf } from '../core/errors.ts';
import { publicReceipt } from '../core/device/public-receipt.ts';
import type { Receipt } from '../core/device/state.ts';
import type { ReaderDeps } from './deps.ts';

/** The receipts as every user may see them, also where root asks. Throws as `readOwnReceipts`. */
export function readReceipts(deps: Pick<ReaderDeps, 'files'>): Receipt[] {
  return readOwnReceipts(deps).map(publicReceipt);
}

/**
 * With what failed programs wrote, for root on its own terminal. Oldest first; for others than root the last hundred, as root let
 * them know, whatever is installed since. Throws PERMISSION for them where root has not, and something was installed that there
 * may be a receipt of.
 */
export function readOwnReceipts(deps: Pick<ReaderDeps, 'files'>): Receipt[] {
  try {
    return deps.files.readHistory();
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
    const published = deps.files.readPublished();
    if (published !== null) return published.history;
    if (deps.files.readVersion() === null) return [];
    throw new UpdateError('PERMISSION', 'only root can read the history', { hint: 'sudo pikit-update history', cause: error });
  }
}
