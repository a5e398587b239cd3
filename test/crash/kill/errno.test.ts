/** L4: an error from the kernel at the system calls of every scene, once and from then on; then recovery without faults. */
import { it } from 'vitest';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import type { Bench } from './bench.ts';
import { assertHonest, openBench, settle } from './bench.ts';
import { describe, naming } from './kill.ts';
import { APPLY, RECOVERIES, ROLLBACK, UNDO } from './scenes.ts';
import type { Errno, Point } from './strace.ts';
import { failAt, noStrace, tracePoints } from './strace.ts';

interface Fault {
  point: Point;
  errno: Errno;
  sticky: boolean;
}

const ERRNOS: readonly Errno[] = ['ENOSPC', 'EIO', 'EROFS', 'EDQUOT', 'EMFILE'];
const READING = /^(?:read|pread64|getdents64) /;

/** Every point with every error, and every third with one that stays; or one in twelve, the errors taking turns. */
function faultsOf(points: readonly Point[]): Fault[] {
  if (!EXHAUSTIVE) {
    return points
      .filter((_, index) => index % 12 === 7)
      .map((point, index) => ({ point, errno: ERRNOS[[0, 1, 0, 1, 2, 3, 4][index % 7] ?? 0] ?? 'EIO', sticky: index % 3 === 2 }));
  }
  return points.flatMap((point, index) => [
    ...(READING.test(point.label) ? (['EIO'] as const) : ERRNOS).map((errno): Fault => ({ point, errno, sticky: false })),
    ...(index % 3 === 0 ? [{ point, errno: ERRNOS[(index / 3) % ERRNOS.length] ?? 'EIO', sticky: true }] : []),
  ]);
}

async function failAtEach(bench: Bench): Promise<number> {
  const { scene, worlds } = bench;
  const { points } = await bench.onCopy(async (root) => await tracePoints(scene.program, root, true));
  const faults = faultsOf(points);
  for (const { point, errno, sticky } of faults) {
    await bench.onCopy(async (root, foreign) => {
      await naming(`${scene.name}, ${errno}${sticky ? ' from' : ' at'} ${describe(point)}`, async () => {
        const ended = await failAt(scene.program, root, point, errno, sticky);
        const world = await settle(bench, root, foreign);
        // What cannot be written cannot be told either.
        assertHonest(point.name === 'write' ? { ...ended, text: '[UNTOLD]' } : ended, world, worlds);
      });
    });
  }
  return faults.length;
}

it.skipIf(noStrace() !== null)('leaves exactly one release wherever a call fails', async () => {
  let cases = 0;
  for (const scene of [APPLY, UNDO, ROLLBACK, ...(EXHAUSTIVE ? RECOVERIES : [])]) {
    const bench = await openBench(scene);
    try {
      cases += await failAtEach(bench);
    } finally {
      bench.close();
    }
  }
  atLeast('L4 errors of the kernel', cases, EXHAUSTIVE ? 1900 : 120);
});
