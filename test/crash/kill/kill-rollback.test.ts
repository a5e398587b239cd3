/** L2a: kill -9 at every system call by which rollback changes a file, then recovery. */
import { it } from 'vitest';
import { killIn } from './kill.ts';
import { enoughKills } from './kills.ts';
import { ROLLBACK } from './scenes.ts';
import { noStrace } from './strace.ts';

it.skipIf(noStrace() !== null)('leaves exactly one release wherever rollback is killed', async () => {
  enoughKills('rollback', await killIn([ROLLBACK]));
});
