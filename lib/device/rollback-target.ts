/** What a rollback would go back to: only root can look, and lets others know. */
import { errnoOf } from '../core/errors.ts';
import type { RollbackTarget } from '../core/device/public-facts.ts';
import { findRollbackTarget } from '../transaction/plan/rollback-target.ts';
import type { ReaderDeps } from './deps.ts';
import { publishedHere } from './published.ts';

/** `private` where it takes root to know. */
export function rollbackTarget(deps: Pick<ReaderDeps, 'place' | 'files'>): RollbackTarget {
  try {
    return findRollbackTarget(deps.place);
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
    return publishedHere(deps)?.rollback ?? { is: 'private' };
  }
}
