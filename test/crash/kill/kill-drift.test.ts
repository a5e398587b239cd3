/** L2a: kill -9 in an update of a device that its owner has changed, and on the way back; then recovery. */
import { it } from 'vitest';
import { killIn } from './kill.ts';
import { enoughKills } from './kills.ts';
import { APPLY_OVER_DRIFT, ROLLBACK_OVER_DRIFT } from './scenes.ts';
import { noStrace } from './strace.ts';

it.skipIf(noStrace() !== null)('leaves exactly one release, and every edit, wherever an update over drift is killed', async () => {
  enoughKills('drift', await killIn([APPLY_OVER_DRIFT, ROLLBACK_OVER_DRIFT], { stride: 12 }));
});
