/** Taking notices away that the owner has seen. */
import { removalId } from '../core/offer/branch-choice.ts';
import { UpdateError } from '../core/errors.ts';
import type { Notice } from '../core/device/state.ts';
import { takeLock } from '../io/state/lock.ts';
import type { ReaderDeps } from './deps.ts';

const LOCK_WAIT_MS = 5000;

/**
 * All of them, or the one with this id (or about this branch); returns what was taken away. Throws NOT_FOUND, and BUSY while
 * a step is running.
 */
export async function dismissNotices(deps: ReaderDeps, id: string | null): Promise<Notice[]> {
  // A step writes the state at its end as it found it: without the lock, what is dismissed now would come back then.
  const release = await takeLock(deps.paths.lock, { waitMs: LOCK_WAIT_MS, onWait: () => undefined, signal: deps.signal });
  try {
    return dismiss(deps, id);
  } finally {
    release();
  }
}

function dismiss({ files }: ReaderDeps, id: string | null): Notice[] {
  const state = files.readState();
  const dismissed = state.notices.filter((notice) => id === null || notice.id === id || notice.id === removalId(id));
  if (id !== null && dismissed.length === 0) {
    throw new UpdateError('NOT_FOUND', `there is no notice '${id}'`, {
      hint: state.notices.length === 0 ? 'there are no notices' : `the notices are ${state.notices.map((notice) => notice.id).join(', ')}`,
    });
  }
  if (dismissed.length > 0) files.writeState({ ...state, notices: state.notices.filter((notice) => !dismissed.includes(notice)) });
  return dismissed;
}
