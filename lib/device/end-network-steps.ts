/** Getting past a step that does not end: the way back waits for nobody who only reads the network. */
import { toUpdateError } from '../core/errors.ts';
import type { UnitRunner } from '../io/unit-runner.ts';
import { unitOf } from './running.ts';

/**
 * Stops check and fetch, which have changed nothing, and kills what does not stop. Best effort: whoever calls waits for the lock in
 * any case. `tell` gets a sentence for each.
 */
export async function endNetworkSteps(units: Pick<UnitRunner, 'look' | 'stop'>, tell: (text: string) => void): Promise<void> {
  for (const step of ['check', 'fetch'] as const) {
    try {
      if (!(await units.look(unitOf(step))).active) continue;
      tell(`${unitOf(step)} is stopped: going back does not wait for it`);
      await units.stop(unitOf(step));
    } catch (error) {
      tell(`${unitOf(step)} could not be stopped (${toUpdateError(error).message}), ignoring`);
    }
  }
}
