/** L2a: kill -9 at every system call by which rollback changes a file, then recovery. */
import { it } from 'vitest';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import { openBench } from './bench.ts';
import { killAtEach, pointsOf } from './kill.ts';
import { ROLLBACK } from './scenes.ts';
import { noStrace } from './strace.ts';

it.skipIf(noStrace() !== null)('leaves exactly one release wherever rollback is killed', async () => {
  const bench = await openBench(ROLLBACK);
  try {
    const deaths = await killAtEach(bench, await pointsOf(bench));
    atLeast('L2a kill -9 in rollback', deaths, EXHAUSTIVE ? 200 : 150);
  } finally {
    bench.close();
  }
});
