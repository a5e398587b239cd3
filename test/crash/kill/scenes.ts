/** The scenes of the plan: the four steps as they go well and badly, and recoveries of devices that were cut in three places. */
import assert from 'node:assert/strict';
import { storyNamed } from '../model/stories.ts';
import { withDevice } from './bench.ts';
import type { Scene } from './bench.ts';
import type { Point, Program } from './strace.ts';
import { killAt, tracePoints } from './strace.ts';

export const APPLY: Scene = { name: 'apply', program: 'apply', exit: 0, start: storyNamed('apply').start };
export const UNDO: Scene = { name: 'undo', program: 'apply', exit: 1, start: storyNamed('apply-unhealthy').start };
export const ROLLBACK: Scene = { name: 'rollback', program: 'rollback', exit: 0, start: storyNamed('rollback').start };

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
