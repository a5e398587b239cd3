/** A device of the mock for each failure that a step can end with. */
import type { StatusAnswer } from '../core/http-api/api-answers.ts';
import type { Defaults, PlayedFailure, Story } from './types.ts';
import { framesOf, kindWith } from './script.ts';

/** A device right after a run that ended with this failure. */
export function afterFailure(base: StatusAnswer, failure: PlayedFailure, defaults: Defaults): StatusAnswer {
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
