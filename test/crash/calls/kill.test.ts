/**
 * kill -9 at every changing call of every kind of transaction, and again at every changing call of its recovery.
 * After the last recovery the device is exactly old or exactly new, and it is the one that the journal promised.
 */
import assert from 'node:assert/strict';
import { beforeAll, describe, it } from 'vitest';
import type { TransactionPaths } from '../../../lib/transaction/transaction-paths.ts';
import { recover } from '../../../lib/transaction/recovery/recover.ts';
import { recordingIn } from '../../helpers/change.ts';
import { refusingRenames, runWithFault } from '../../helpers/crash.ts';
import type { World } from '../../helpers/oracle.ts';
import { assertSettled } from '../../helpers/oracle.ts';
import type { Staged } from '../../helpers/stories.ts';
import { STORIES, atEveryCall, useBench, promisedWorld } from '../../helpers/stories.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';

const bench = useBench();

function assertRecovers(place: TransactionPaths, worlds: readonly World[], foreign: Record<string, number>): void {
  const promise = promisedWorld(place);
  const { is } = recover(place, recordingIn(place));
  assert.ok(is === 'nothing' || is === 'undone' || is === 'finished', is);
  const world = assertSettled(place, worlds, foreign);
  if (promise !== null) assert.equal(world, promise, 'the journal promised the other world');
}

describe.each(STORIES)('$name', (story) => {
  let staged: Staged;

  beforeAll(() => {
    staged = bench.stage(story);
  });

  it('survives kill -9 at every call', () => {
    const points = atEveryCall((at) =>
      bench.onCopy(staged.root, (place, foreign) => {
        const run = runWithFault({ kind: 'die', at }, () => story.act(place));
        assertRecovers(place, staged.worlds, foreign);
        return run;
      }),
    );
    atLeast(`calls, ${story.name}, killed`, points, 80);
  });

  it('survives kill -9 at every call of the recovery', () => {
    let points = 0;
    const crashRecovery = (crashed: TransactionPaths): number =>
      atEveryCall((at) =>
        bench.onCopy(crashed.root, (place, foreign) => {
          const promise = promisedWorld(place);
          const run = runWithFault({ kind: 'die', at }, () => recover(place, recordingIn(place)));
          const then = promisedWorld(place);
          if (promise !== null && then !== null) assert.equal(then, promise, 'the promise was broken');
          assertRecovers(place, staged.worlds, foreign);
          return run;
        }),
      );
    atEveryCall(
      (at) =>
        bench.onCopy(staged.root, (place) => {
          const run = runWithFault({ kind: 'die', at }, () => story.act(place));
          points += crashRecovery(place);
          return run;
        }),
      story.stride,
    );
    atLeast(`calls, ${story.name}, killed again in recovery`, points, EXHAUSTIVE ? 1500 : 150);
  });
});

/** The directories of the scenario that an overlay has in its lower layer: one that makes room for a file, and the backups. */
const LOWER = /\/nest$|Z$/;

describe.each(STORIES)('$name, where directories of a lower layer cannot be renamed', (story) => {
  it('survives kill -9 at every call, and at every call of the recovery after some', () => {
    const staged = bench.stage(story);
    let points = 0;
    const first = atEveryCall((at) =>
      bench.onCopy(staged.root, (place, foreign) => {
        const run = refusingRenames(LOWER, () => runWithFault({ kind: 'die', at }, () => story.act(place)));
        if (at % (EXHAUSTIVE ? 3 : 29) === 0) {
          points += atEveryCall((again) =>
            bench.onCopy(place.root, (crashed, its) => {
              const recovery = refusingRenames(LOWER, () => runWithFault({ kind: 'die', at: again }, () => recover(crashed, recordingIn(crashed))));
              refusingRenames(LOWER, () => {
                assertRecovers(crashed, staged.worlds, its);
              });
              return recovery;
            }),
          );
        }
        refusingRenames(LOWER, () => {
          assertRecovers(place, staged.worlds, foreign);
        });
        return run;
      }),
    );
    atLeast(`calls, ${story.name}, slow way, killed`, first, 80);
    atLeast(`calls, ${story.name}, slow way, killed again in recovery`, points, 50);
  });
});
