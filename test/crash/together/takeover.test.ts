/** L6: the first step is killed in the middle while the second waits for its turn. The second takes over, as if it had come later. */
import { describe, it } from 'vitest';
import { removeDir, tempDir } from '../../helpers/tree.ts';
import { naming } from '../kill/kill.ts';
import type { Program } from '../kill/strace.ts';
import { noStrace, runProgram } from '../kill/strace.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import type { First, Offset } from './scenes.ts';
import { OFFSETS, PROGRAMS, busyDevice, cutAt, firstOn } from './scenes.ts';
import { meet, waiting } from './second.ts';
import { assertAsInTurn, onCopy, outcomeOf } from './turns.ts';

const CUT: readonly Offset[] = EXHAUSTIVE ? OFFSETS : ['midway'];
const KILLED = EXHAUSTIVE ? PROGRAMS : (['apply', 'rollback'] as const);

async function takeOver({ program, root: device, stops }: First, second: Program, offset: Offset): Promise<void> {
  const at = stops[offset];
  const expected = await onCopy(device, async (root) => {
    return await outcomeOf(root, [await cutAt(program, root, at), await runProgram(second, root)]);
  });
  await assertAsInTurn(expected, device, async (root) => {
    return await meet(root, {
      first: program,
      at,
      come: async () => await waiting(second, root),
      then: (pid) => {
        process.kill(pid, 'SIGKILL');
      },
    });
  });
}

describe.skipIf(noStrace() !== null)('a step that waits for one that is killed', () => {
  let cases = 0;

  it.each(KILLED)('takes over from %s', async (program) => {
    const base = tempDir();
    try {
      await busyDevice(`${base}/busy`);
      const first = await firstOn(program, `${base}/busy`, `${base}/device`);
      for (const second of PROGRAMS) {
        for (const offset of CUT) {
          await naming(`${second} after ${program}, killed ${offset}`, async () => {
            await takeOver(first, second, offset);
          });
          cases += 1;
        }
      }
    } finally {
      removeDir(base);
    }
  });

  it('was tried as often as planned', () => {
    atLeast('L6 takeovers', cases, EXHAUSTIVE ? 75 : 10);
  });
});
