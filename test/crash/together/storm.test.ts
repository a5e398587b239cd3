/** L6: eight steps at once, again and again. They take turns in any order, or are turned away. */
import assert from 'node:assert/strict';
import { it } from 'vitest';
import { removeDir, tempDir } from '../../helpers/tree.ts';
import { recoverOn } from '../kill/bench.ts';
import { foreignInodes, judge, promisedBy, worldOf } from '../kill/judge.ts';
import type { World } from '../kill/judge.ts';
import { naming } from '../kill/kill.ts';
import { random } from '../kill/random.ts';
import type { Ended, Program } from '../kill/strace.ts';
import { runProgram } from '../kill/strace.ts';
import { depsOn } from '../model/device.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import { PROGRAMS, connectedDevice } from './scenes.ts';
import { DEADLINE_MS, inHurry } from './second.ts';
import { onCopy } from './turns.ts';

const AT_ONCE = 8;
const MIX: readonly Program[] = [...PROGRAMS, 'apply', 'rollback'];

function assertAnswered({ code, text }: Ended): void {
  if (code === 1) assert.match(text, /\[[A-Z_]+\]/, 'a failure without a code');
  else if (code === 75) assert.match(text, /\[BUSY\]/);
  else assert.equal(code, 0, text);
}

/** Every change began where the one before had ended: no two steps have worked on the same release. Answers their number. */
function assertChain(root: string, before: number, start: string): number {
  let on: string | null = start;
  const changes = depsOn(root).files.readHistory().slice(before);
  for (const { step, outcome, from, to } of changes) {
    assert.equal(outcome, 'ok', `${step} ended with ${outcome}`);
    assert.equal(from, on, `${step} from ${String(from)} to ${String(to)} on a device with ${String(on)}`);
    on = to;
  }
  assert.equal(depsOn(root).files.readVersion(), on, 'the history leads elsewhere');
  return changes.length;
}

/** What a device is after these. */
async function worldAfter(device: string, programs: readonly Program[]): Promise<World> {
  return await onCopy(device, async (root) => {
    for (const program of programs) {
      const ended = await runProgram(program, root);
      assert.equal(ended.code, 0, ended.text);
    }
    return worldOf(root);
  });
}

it('ends on exactly one release, whichever of eight steps come at the same time', async () => {
  const rounds = EXHAUSTIVE ? 100 : 25;
  const base = tempDir();
  const next = random(6);
  let changes = 0;
  try {
    const device = `${base}/device`;
    await connectedDevice(device);
    const hurry = inHurry(`${base}/bin`);
    const worlds = [worldOf(device), await worldAfter(device, ['rollback']), await worldAfter(device, ['fetch', 'apply'])];
    for (let round = 0; round < rounds; round += 1) {
      const programs = Array.from({ length: AT_ONCE }, () => MIX[Math.floor(next() * MIX.length)] ?? 'apply');
      await naming(`round ${String(round)}, ${programs.join(', ')}`, async () => {
        await onCopy(device, async (root) => {
          // A release that waits to be installed, in every other round.
          if (round % 2 === 0) await runProgram('fetch', root);
          const foreign = foreignInodes(root);
          const known = depsOn(root).files.readHistory().length;
          const ended = await Promise.all(
            programs.map(async (program, index) => {
              return await runProgram(program, root, { env: index % 2 === 0 ? {} : hurry, killAfterMs: DEADLINE_MS });
            }),
          );
          for (const one of ended) assertAnswered(one);
          assert.equal(promisedBy(root), null, 'a journal is left');
          changes += assertChain(root, known, '2.0.0');
          await recoverOn(root);
          // What is kept for open pages depends on the way that led there.
          const { previous } = worldOf(root);
          judge(
            root,
            worlds.map((world) => ({ ...world, previous })),
            foreign,
            null,
          );
        });
      });
    }
  } finally {
    removeDir(base);
  }
  atLeast('L6 start storms of eight', rounds, EXHAUSTIVE ? 100 : 25);
  atLeast('L6 changes in start storms', changes, Math.floor(rounds / 2));
});
