/**
 * kill -9 in a transaction whose journal then cannot be read, and again at every changing call of the recovery that does without.
 * After the last recovery the device is exactly old or exactly new.
 */
import fs from 'node:fs';
import { describe, it } from 'vitest';
import type { TransactionPaths } from '../../../lib/transaction/transaction-paths.ts';
import { recover } from '../../../lib/transaction/recovery/recover.ts';
import { recordingIn } from '../../helpers/change.ts';
import { runWithFault } from '../../helpers/crash.ts';
import { assertRebuilt, damageJournal } from '../../helpers/damaged-journal.ts';
import { STORIES, atEveryCall, useBench } from '../../helpers/stories.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';

const bench = useBench();

describe.each(STORIES)('$name, without its journal', (story) => {
  it('survives kill -9 at every call of the recovery', () => {
    const staged = bench.stage(story);
    let points = 0;
    const crashRecovery = (crashed: TransactionPaths): number =>
      atEveryCall((at) =>
        bench.onCopy(crashed.root, (place, foreign) => {
          const run = runWithFault({ kind: 'die', at }, () => recover(place, recordingIn(place)));
          if (fs.existsSync(place.journal)) assertRebuilt(place, recover(place, recordingIn(place)), staged.worlds, foreign);
          return run;
        }),
      );
    atEveryCall(
      (at) =>
        bench.onCopy(staged.root, (place) => {
          const run = runWithFault({ kind: 'die', at }, () => story.act(place));
          if (damageJournal(place)) points += crashRecovery(place);
          return run;
        }),
      story.stride,
    );
    atLeast(`calls, ${story.name}, killed again in recovery without a journal`, points, EXHAUSTIVE ? 1500 : 150);
  });
});
