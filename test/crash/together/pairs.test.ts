/**
 * L6: every step while any other one is at work. The first is stopped at three system calls of its own. A second one that has
 * no time is turned away and changes nothing; one that has time waits, and works on what the first has left.
 */
import { describe, it } from 'vitest';
import { removeDir, tempDir } from '../../helpers/tree.ts';
import { naming } from '../kill/kill.ts';
import type { Ended, Program, Running } from '../kill/strace.ts';
import { noStrace, runProgram } from '../kill/strace.ts';
import { atLeast } from '../plan.ts';
import type { First } from './scenes.ts';
import { OFFSETS, PROGRAMS, busyDevice, firstOn } from './scenes.ts';
import { assertTurnedAway, inHurry, meet, waiting } from './second.ts';
import { assertAsInTurn, onCopy, outcomeOf } from './turns.ts';

interface Pair {
  first: First;
  /** A device on which the first has ended, and how. */
  after: { root: string; ended: Ended };
  second: Program;
  hurry: Readonly<Record<string, string>>;
}

/** One pair at each offset. Answers how often. */
async function pair({ first: { program, root: device, stops }, after, second, hurry }: Pair): Promise<number> {
  const expected = await onCopy(after.root, async (root) => await outcomeOf(root, [after.ended, await runProgram(second, root)]));
  const come = async (root: string): Promise<Running> => {
    await assertTurnedAway(second, root, hurry);
    return await waiting(second, root);
  };
  for (const offset of OFFSETS) {
    await naming(`${second} while ${program} is ${offset}`, async () => {
      await assertAsInTurn(expected, device, async (root) => {
        return await meet(root, { first: program, at: stops[offset], come: async () => await come(root) });
      });
    });
  }
  return OFFSETS.length;
}

describe.skipIf(noStrace() !== null)('two steps at the same time', () => {
  let pairs = 0;

  it.each(PROGRAMS)('are done one after the other, or one of them not at all: %s and each', async (program) => {
    const base = tempDir();
    try {
      await busyDevice(`${base}/busy`);
      const first = await firstOn(program, `${base}/busy`, `${base}/device`);
      const hurry = inHurry(`${base}/bin`);
      await onCopy(first.root, async (root) => {
        const after = { root, ended: await runProgram(program, root) };
        for (const second of PROGRAMS) pairs += await pair({ first, after, second, hurry });
      });
    } finally {
      removeDir(base);
    }
  });

  it('were tried as often as planned', () => {
    atLeast('L6 pairs', pairs, 75);
  });
});
