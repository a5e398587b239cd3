/** L2a: kill -9 at every system call by which an apply that goes back changes a file, then recovery. */
import { it } from 'vitest';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import { openBench } from './bench.ts';
import { killAtEach, pointsOf } from './kill.ts';
import { UNDO } from './scenes.ts';
import { noStrace } from './strace.ts';

it.skipIf(noStrace() !== null)('leaves exactly one release wherever undo is killed', async () => {
  const bench = await openBench(UNDO);
  try {
    const deaths = await killAtEach(bench, await pointsOf(bench, /^rename .*.pikit-<tx>.9/));
    atLeast('L2a kill -9 in undo', deaths, EXHAUSTIVE ? 200 : 80);
  } finally {
    bench.close();
  }
});
