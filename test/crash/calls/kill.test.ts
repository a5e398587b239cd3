/**
 * kill -9 at every changing call of every kind of transaction, and again at every changing call of its recovery.
 * After the last recovery the device is exactly old or exactly new, and it is the one that the journal promised.
 */
import assert from 'node:assert/strict';
import { afterAll, beforeAll, describe, it } from 'vitest';
import type { Place } from '../../../lib/transaction/place.ts';
import { recover } from '../../../lib/transaction/recover.ts';
import { recordingIn } from '../../helpers/change.ts';
import { runWithFault } from '../../helpers/crash.ts';
import type { World } from '../../helpers/oracle.ts';
import { assertSettled } from '../../helpers/oracle.ts';
import type { Bench, Staged } from '../../helpers/stories.ts';
import { STORIES, atEveryCall, openBench, promisedWorld } from '../../helpers/stories.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';

let bench: Bench;

beforeAll(() => {
  bench = openBench();
});

afterAll(() => {
  bench.close();
});

function assertRecovers(place: Place, worlds: readonly World[], foreign: Record<string, number>): void {
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
    const crashRecovery = (crashed: Place): number =>
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
