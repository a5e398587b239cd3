/** The receipts of all that changed this device. */
import { UpdateError, errnoOf } from '../core/errors.ts';
import type { Receipt } from '../core/state.ts';
import type { DeviceDeps } from './deps.ts';

/** Oldest first. Throws PERMISSION for whoever may not read them. */
export function readReceipts(deps: DeviceDeps): Receipt[] {
  try {
    return deps.files.readHistory();
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
    throw new UpdateError('PERMISSION', 'only root can read the history', { hint: 'sudo pikit-update history', cause: error });
  }
}
