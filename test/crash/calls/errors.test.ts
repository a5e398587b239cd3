/**
 * An error from the kernel at every changing call of every kind of transaction, once and from then on. The code goes its own
 * way with it, as the steps would; once the disk is well again, recovery makes the device exactly old or exactly new.
 * EIO and EROFS come at the same calls and are treated alike, so each has one of the two ways.
 */
import assert from 'node:assert/strict';
import { beforeAll, describe, it } from 'vitest';
import { UpdateError, errnoOf } from '../../../lib/core/errors.ts';
import { recover } from '../../../lib/transaction/recovery/recover.ts';
import { recordingIn } from '../../helpers/change.ts';
import type { Errno, Run } from '../../helpers/crash.ts';
import { runWithFault } from '../../helpers/crash.ts';
import { assertSettled } from '../../helpers/oracle.ts';
import type { Staged } from '../../helpers/stories.ts';
import { NEW, STORIES, atEveryCall, useBench, promisedWorld, stride } from '../../helpers/stories.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';

const bench = useBench();

/** What it throws names the errno, or is one of our codes. */
function assertNamed(run: Run<unknown>, errno: Errno): void {
  if (run.error === undefined) return;
  assert.ok(run.error instanceof UpdateError || errnoOf(run.error) === errno, `${run.where} threw something else: ${JSON.stringify(run.error)}`);
}

describe.each(STORIES)('$name', (story) => {
  let staged: Staged;

  beforeAll(() => {
    staged = bench.stage(story);
  });

  it.each<[Errno, 'once' | 'from-then-on']>([
    ['ENOSPC', 'once'],
    ['ENOSPC', 'from-then-on'],
    ['EIO', 'once'],
    ['EROFS', 'from-then-on'],
  ])('survives %s %s at every call', (errno, when) => {
    const step = (at: number): Run<unknown> =>
      bench.onCopy(staged.root, (place, foreign) => {
        const run = runWithFault({ kind: 'fail', at, errno, sticky: when === 'from-then-on' }, () => story.act(place));
        assertNamed(run, errno);
        const promise = promisedWorld(place);
        const { is } = recover(place, recordingIn(place));
        assert.ok(is === 'nothing' || is === 'undone' || is === 'finished', `${run.where}: ${is}`);
        const world = assertSettled(place, staged.worlds, foreign);
        if (promise !== null) assert.equal(world, promise, `${run.where}: the journal promised the other world`);
        if (run.error === undefined && run.hit) assert.equal(world, NEW, `${run.where}: it said that it was done`);
        return run;
      });
    atLeast(`calls, ${story.name}, ${errno} ${when}`, atEveryCall(step, stride(4)), EXHAUSTIVE ? 80 : 20);
  });
});
