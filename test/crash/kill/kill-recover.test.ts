/** L2a and L2b: kill -9 at every system call by which recovery changes a file, from four cuts; and from every tenth of all. */
import { it } from 'vitest';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import { openBench } from './bench.ts';
import { killIn, killTwice, pointsOf } from './kill.ts';
import { enoughKills } from './kills.ts';
import { APPLY, RECOVERIES, ROLLBACK, UNDO } from './scenes.ts';
import { noStrace } from './strace.ts';

it.skipIf(noStrace() !== null)('leaves exactly one release wherever a recovery is killed', async () => {
  enoughKills('recover', await killIn(RECOVERIES, { stride: 2 }));
});

it.skipIf(noStrace() !== null)('leaves exactly one release after a kill, and a kill of its recovery', async () => {
  let deaths = 0;
  for (const scene of [APPLY, UNDO, ROLLBACK]) {
    const bench = await openBench(scene);
    try {
      const points = (await pointsOf(bench)).filter((_, index) => index % (EXHAUSTIVE ? 10 : 60) === 5);
      deaths += await killTwice(bench, points, EXHAUSTIVE ? 4 : 25);
    } finally {
      bench.close();
    }
  }
  atLeast('L2b kill -9 in the recovery of a kill', deaths, EXHAUSTIVE ? 1140 : 20);
});
