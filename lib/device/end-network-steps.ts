/** Ends check and fetch, so that a rollback does not have to wait for them. */
import { toUpdateError } from '../core/errors.ts';
import type { UnitRunner } from '../io/systemd/unit-runner.ts';
import { unitOf } from './running.ts';

/**
 * Stops check and fetch, which have changed nothing, and kills what does not stop. Best effort: the caller waits for the lock in
 * any case. `tell` gets a sentence for each.
 */
export async function endNetworkSteps(units: Pick<UnitRunner, 'look' | 'stop'>, tell: (text: string) => void): Promise<void> {
  for (const step of ['check', 'fetch'] as const) {
    try {
      if (!(await units.look(unitOf(step))).active) continue;
      tell(`stopping ${unitOf(step)} so that the rollback can start`);
      await units.stop(unitOf(step));
    } catch (error) {
      tell(`failed to stop ${unitOf(step)}, ignoring: ${toUpdateError(error).message}`);
    }
  }
}
