/** L2a: kill -9 at every system call by which an apply that goes back changes a file, then recovery. */
import { it } from 'vitest';
import { killIn } from './kill.ts';
import { enoughKills } from './kills.ts';
import { UNDO } from './scenes.ts';
import { noStrace } from './strace.ts';

it.skipIf(noStrace() !== null)('leaves exactly one release wherever undo is killed', async () => {
  enoughKills('undo', await killIn([UNDO], { from: /^rename .*.pikit-<tx>.9/ }));
});
