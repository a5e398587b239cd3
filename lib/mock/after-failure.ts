/** A device of the mock for each failure that a step can end with. */
import type { StatusAnswer } from '../core/api-answers.ts';
import type { Story } from './script.ts';
import { framesOf, kindWith } from './script.ts';
import type { Defaults, Failure } from './states.ts';

/** A device right after a run that ended with this failure. */
export function afterFailure(base: StatusAnswer, failure: Failure, defaults: Defaults): StatusAnswer {
  const story: Story = {
    id: defaults.run.id,
    kind: kindWith(failure.step),
    by: 'owner',
    begun: new Date(defaults.run.started),
    base: { ...base, available: defaults.available, latest: defaults.available.version },
    end: failure,
    defaults,
  };
  return framesOf(story).at(-1)?.status ?? base;
}
