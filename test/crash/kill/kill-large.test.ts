/** L2a: kill -9 in an update of 200 files, and on the way back; then recovery. */
import { describe, it } from 'vitest';
import { killIn } from './kill.ts';
import { enoughKills } from './kills.ts';
import { APPLY_200_FILES, ROLLBACK_200_FILES } from './scenes.ts';
import { noStrace } from './strace.ts';

describe.skipIf(noStrace() !== null)('kill -9', () => {
  let deaths = 0;

  it.each([APPLY_200_FILES, ROLLBACK_200_FILES])('leaves exactly one release, whatever call of $name it comes to', async (scene) => {
    deaths += await killIn([scene], { stride: 70, exhaustiveStride: 6 });
  });

  it('came as often as planned', () => {
    enoughKills('large', deaths);
  });
});
