/** L4: an error from the kernel at the system calls of every scene, once and from then on; then recovery without faults. */
import { describe, it } from 'vitest';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import type { Bench, Scene } from './bench.ts';
import { assertHonest, openBench, settle } from './bench.ts';
import { describe as pointText, naming } from './kill.ts';
import { APPLY, APPLY_200_FILES, APPLY_OVER_DRIFT, RECOVERIES, ROLLBACK, ROLLBACK_200_FILES, ROLLBACK_OVER_DRIFT, UNDO } from './scenes.ts';
import type { Errno, Point } from './strace.ts';
import { failAt, noStrace, tracePoints } from './strace.ts';

interface Fault {
  point: Point;
  errno: Errno;
  sticky: boolean;
}

const ERRNOS: readonly Errno[] = ['ENOSPC', 'EIO', 'EROFS', 'EDQUOT', 'EMFILE'];
/** Node reads the modules of a program in threads of its own: which call of ours the n-th one is, depends on them. */
const UNREAD = /^node:internal\/[^]*^Error: E[A-Z]+: [^]*\(node:internal\/modules\/esm\//m;
const READING = /^(?:read|pread64|getdents64) /;

/** Every so many points, the errors taking turns, every third of them to stay. */
function faultsOf(points: readonly Point[], stride: number): Fault[] {
  return points
    .filter((_, index) => index % stride === Math.min(7, stride - 1))
    .map((point, index) => {
      const errno = ERRNOS[[0, 1, 0, 1, 2, 3, 4][index % 7] ?? 0] ?? 'EIO';
      return { point, errno: READING.test(point.label) ? 'EIO' : errno, sticky: index % 3 === 2 };
    });
}

async function failAtEach(bench: Bench, stride: number): Promise<number> {
  const { scene, worlds } = bench;
  const { points } = await bench.onCopy(async (root) => await tracePoints(scene.program, root, true));
  const faults = faultsOf(points, stride);
  for (const { point, errno, sticky } of faults) {
    await bench.onCopy(async (root, foreign) => {
      await naming(`${scene.name}, ${errno}${sticky ? ' from' : ' at'} ${pointText(point)}`, async () => {
        const ended = await failAt(scene.program, root, point, errno, sticky);
        const world = await settle(bench, root, foreign);
        // What cannot be written cannot be told either, nor what is wrong with a program that Node could not read.
        const isUntold = point.name === 'write' || UNREAD.test(ended.text);
        assertHonest(isUntold ? { ...ended, text: '[UNTOLD]' } : ended, world, worlds);
      });
    });
  }
  return faults.length;
}

interface Planned {
  scene: Scene;
  stride: number;
}

const PLAN: readonly Planned[] = EXHAUSTIVE
  ? [
      ...[APPLY, UNDO, ROLLBACK, APPLY_OVER_DRIFT].map((scene) => ({ scene, stride: 1 })),
      ...[...RECOVERIES, ROLLBACK_OVER_DRIFT].map((scene) => ({ scene, stride: 3 })),
      ...[APPLY_200_FILES, ROLLBACK_200_FILES].map((scene) => ({ scene, stride: 24 })),
    ]
  : [APPLY, UNDO, ROLLBACK, APPLY_OVER_DRIFT, ROLLBACK_OVER_DRIFT].map((scene) => ({ scene, stride: 101 }));

describe.skipIf(noStrace() !== null)('an error of the kernel', () => {
  let cases = 0;

  it.each(PLAN)('leaves exactly one release, whatever call of $scene.name fails', async ({ scene, stride }) => {
    const bench = await openBench(scene);
    try {
      cases += await failAtEach(bench, stride);
    } finally {
      bench.close();
    }
  });

  it('was tried as often as planned', () => {
    atLeast('L4 errors of the kernel', cases, EXHAUSTIVE ? 1900 : 25);
  });
});
