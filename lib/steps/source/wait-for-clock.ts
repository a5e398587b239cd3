/** A device without a clock of its own starts with one that is wrong, and the timer may be faster than the servers of time. */
import { UpdateError } from '../../core/errors.ts';
import type { NetworkDeps } from '../deps.ts';

/** Servers of time answer within seconds, once there is a network; the time limit of check is longer than this. */
const PATIENCE_MS = 120_000;

/**
 * Goes on when `assert` does not throw CLOCK_WRONG. A run of the timer waits for that as long as the clock may still be set, and says
 * so; who asks by hand is told at once. Throws CLOCK_WRONG, or CANCELLED when the step is stopped meanwhile.
 */
export async function clockIsRight(deps: NetworkDeps, byTimer: boolean, assert: () => void): Promise<void> {
  const wrong = clockProblem(assert);
  if (wrong === null) return;
  if (!byTimer) throw wrong;
  deps.log.info(`${wrong.message}: waiting until it is synchronised, at most ${String(PATIENCE_MS / 1000)} s`);
  deps.report({ phase: 'waiting-for-clock', canCancel: true });
  await deps.clockSet(() => clockProblem(assert) === null, { waitMs: PATIENCE_MS, signal: deps.signal });
  if (deps.signal.aborted)
    throw new UpdateError('CANCELLED', 'the step was stopped while it waited for the clock', { hint: 'start it again whenever you like' });
  assert();
  deps.log.info(`the clock is set: it says ${deps.now().toISOString()}`);
}

function clockProblem(assert: () => void): UpdateError | null {
  try {
    assert();
    return null;
  } catch (error) {
    if (error instanceof UpdateError && error.code === 'CLOCK_WRONG') return error;
    throw error;
  }
}
