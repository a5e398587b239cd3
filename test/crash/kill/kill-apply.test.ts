/** L2a: kill -9 at every system call by which apply changes a file, then recovery. */
import { it } from 'vitest';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import { openBench } from './bench.ts';
import { killAtEach, pointsOf } from './kill.ts';
import { APPLY } from './scenes.ts';
import { noStrace } from './strace.ts';

it.skipIf(noStrace() !== null)('leaves exactly one release wherever apply is killed', async () => {
  const bench = await openBench(APPLY);
  try {
    const deaths = await killAtEach(bench, await pointsOf(bench));
    atLeast('L2a kill -9 in apply', deaths, EXHAUSTIVE ? 200 : 190);
  } finally {
    bench.close();
  }
});
