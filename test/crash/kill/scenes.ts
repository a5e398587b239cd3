/** The scenes of the plan: the steps as they go well and badly, and recoveries of devices that were cut in four places. */
import assert from 'node:assert/strict';
import { storyNamed } from '../model/stories.ts';
import { withDevice } from './bench.ts';
import type { Scene } from './bench.ts';
import type { Point, Program } from './strace.ts';
import { killAt, tracePoints } from './strace.ts';

function scene(name: string, story: string, exit: Scene['exit'] = 0): Scene {
  const { start, step } = storyNamed(story);
  return { name, program: step, exit, start };
}

export const APPLY = scene('apply', 'apply');
export const UNDO = scene('undo', 'apply-unhealthy', 1);
export const ROLLBACK = scene('rollback', 'rollback');

/** Over the owner's edits, files that were not ours before, and a file and a directory that change places. */
export const APPLY_OVER_DRIFT = scene('apply over drift', 'apply-over-drift');
export const ROLLBACK_OVER_DRIFT = scene('rollback over drift', 'rollback-over-drift');

/** Fixture F2 of the plan. */
export const APPLY_200_FILES = scene('apply of 200 files', 'apply-200-files');
export const ROLLBACK_200_FILES = scene('rollback of 200 files', 'rollback-200-files');

/** A recovery of a device that was cut at the first call which matches. */
function recovery(name: string, cut: Scene, at: RegExp): Scene {
  return {
    name,
    program: 'recover',
    exit: 0,
    start: async (root) => {
      await cut.start(root);
      const point = await withDevice(cut, async (copy) => await firstPoint(cut.program, copy, at));
      const ended = await killAt(cut.program, root, point);
      assert.equal(ended.code, 'SIGKILL', ended.text);
    },
  };
}

async function firstPoint(program: Program, root: string, at: RegExp): Promise<Point> {
  const { points } = await tracePoints(program, root);
  const point = points.find(({ label }) => at.test(label));
  assert.ok(point !== undefined, `no call matches ${String(at)}`);
  return point;
}

export const RECOVERIES: readonly Scene[] = [
  recovery('recover-preparing', APPLY, /^link .*\.pikit-<tx>\.o9"/),
  recovery('recover-applying', APPLY, /^unlink "\/usr\/local\/bin\/pikit-gone\.sh"/),
  recovery('recover-committed', APPLY, /^unlink .*\.pikit-<tx>\.o1"/),
  recovery('recover-rollback', ROLLBACK, /^rename .*"\/usr\/local\/bin\/pikit-api\.py"/),
];
