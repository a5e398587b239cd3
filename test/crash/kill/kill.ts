/** kill -9 at the system calls of a scene, recovery, and the oracle after each. */
import assert from 'node:assert/strict';
import { EXHAUSTIVE } from '../plan.ts';
import type { Bench, Scene } from './bench.ts';
import { openBench, settle } from './bench.ts';
import type { Point } from './strace.ts';
import { killAt, tracePoints } from './strace.ts';

const SYNCING = /^(?:fsync|fdatasync) /;

/** To die before a call that changes nothing, and after it, leaves the same device behind. */
function isHarmless({ label, succeeded }: Point): boolean {
  return !succeeded || SYNCING.test(label);
}

/** What the short run is content with: every so many points, from the first that matches on; and the exhaustive one. */
export interface Sample {
  from?: RegExp;
  stride?: number;
  exhaustiveStride?: number;
}

/** Kills in one scene after the other. Answers how often a process died. */
export async function killIn(scenes: readonly Scene[], sample: Sample = {}): Promise<number> {
  let deaths = 0;
  for (const scene of scenes) {
    const bench = await openBench(scene);
    try {
      deaths += await killAtEach(bench, await pointsOf(bench, sample));
    } finally {
      bench.close();
    }
  }
  return deaths;
}

/** The points of a scene; in the short run a sample of those that leave a device of their own. */
export async function pointsOf(bench: Bench, { from = /^/, stride = 1, exhaustiveStride = 1 }: Sample = {}): Promise<Point[]> {
  const { points } = await bench.onCopy(async (root) => await tracePoints(bench.scene.program, root));
  if (EXHAUSTIVE) return points.filter((_, index) => index % exhaustiveStride === 0);
  const first = points.findIndex(({ label }) => from.test(label));
  return points.filter((_, index) => isDistinct(points, index) && index >= first).filter((_, index) => index % stride === 0);
}

/** Those that leave a device of their own. */
export function distinctPoints(points: readonly Point[]): Point[] {
  return points.filter((_, index) => isDistinct(points, index));
}

function isDistinct(points: readonly Point[], index: number): boolean {
  const before = points[index - 1];
  return before === undefined || !isHarmless(before);
}

async function killAtEach(bench: Bench, points: readonly Point[]): Promise<number> {
  let deaths = 0;
  for (const point of points) {
    await bench.onCopy(async (root, foreign) => {
      const { code } = await killAt(bench.scene.program, root, point);
      if (code === 'SIGKILL') deaths += 1;
      await naming(`${bench.scene.name}, killed at ${describe(point)}`, async () => {
        await settle(bench, root, foreign);
      });
    });
  }
  return deaths;
}

/** Kills at these points, and the recovery of each at its own, every so many. Answers how often a recovery died. */
export async function killTwice(bench: Bench, points: readonly Point[], stride: number): Promise<number> {
  let deaths = 0;
  for (const [index, point] of points.entries()) {
    await bench.onCopy(async (cut) => {
      await killAt(bench.scene.program, cut, point);
      const { points: seconds } = await bench.onCopy(async (root) => await tracePoints('recover', root), cut);
      for (const second of seconds.filter((_, n) => (n + index) % stride === 0)) {
        await bench.onCopy(async (root, foreign) => {
          const { code } = await killAt('recover', root, second);
          if (code === 'SIGKILL') deaths += 1;
          await naming(`${bench.scene.name}, killed at ${describe(point)}, its recovery at ${describe(second)}`, async () => {
            await settle(bench, root, foreign);
          });
        }, cut);
      }
    });
  }
  return deaths;
}

export function describe({ name, n, label }: Point): string {
  return `${name} ${String(n)} (${label})`;
}

/** What fails says at which case. */
export async function naming(what: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    assert.fail(`${what}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
}
