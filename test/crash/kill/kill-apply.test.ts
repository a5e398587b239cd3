/** L2a: kill -9 at every system call by which apply changes a file, then recovery. */
import { it } from 'vitest';
import { killIn } from './kill.ts';
import { enoughKills } from './kills.ts';
import { APPLY } from './scenes.ts';
import { noStrace } from './strace.ts';

it.skipIf(noStrace() !== null)('leaves exactly one release wherever apply is killed', async () => {
  enoughKills('apply', await killIn([APPLY]));
});
