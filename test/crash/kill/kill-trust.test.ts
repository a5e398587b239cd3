/** L2a: kill -9 at the system calls with which the built programs change what a device trusts, and the oracle of the model after each. */
import { it } from 'vitest';
import { removeDir, tempDir } from '../../helpers/tree.ts';
import { judge } from '../trust/judge.ts';
import { describe, naming } from './kill.ts';
import { enoughKills } from './kills.ts';
import { killAt, noStrace } from './strace.ts';
import type { Played } from './trust-bench.ts';
import { openTrustBench } from './trust-bench.ts';

const PLAYED: readonly Played[] = [
  { scene: 'check-three-roots', program: 'check', stride: 6 },
  { scene: 'check-repair', program: 'check', stride: 6 },
  { scene: 'apply-three-roots', program: 'apply', stride: 6 },
  { scene: 'apply-repair', program: 'apply', stride: 6 },
  { scene: 'trust-first', program: 'pikit-update', args: ['trust', 'ROOT', '--yes'], root: 1, stride: 1 },
  { scene: 'trust-next', program: 'pikit-update', args: ['trust', 'ROOT', '--yes'], root: 2, stride: 1 },
  { scene: 'trust-reset', program: 'pikit-update', args: ['trust', 'reset', '--yes'], stride: 3 },
];

/** Kills at the calls of one scene. Answers how often a process died. */
async function killIn(played: Played, base: string): Promise<number> {
  const { course, args, points, onCopy } = await openTrustBench(played, base);
  let deaths = 0;
  for (const [index, point] of points.entries()) {
    await onCopy(async (root) => {
      const { code } = await killAt(played.program, root, point, args);
      if (code === 'SIGKILL') deaths += 1;
      await naming(`${played.scene}, killed at ${describe(point)}`, async () => {
        await judge(course, root, { isOver: false, isNext: false, isWhole: index % 3 === 0 });
      });
    });
  }
  return deaths;
}

it.skipIf(noStrace() !== null)('leaves a device that trusts what it did or what it was to, wherever a program is killed', async () => {
  let deaths = 0;
  for (const played of PLAYED) {
    const base = tempDir();
    try {
      const count = await killIn(played, base);
      process.stdout.write(`crash: trust, ${played.scene}: killed ${String(count)} times\n`);
      deaths += count;
    } finally {
      removeDir(base);
    }
  }
  enoughKills('trust', deaths);
});
