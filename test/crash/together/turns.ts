/** What comes of programs that run one after the other: the measure for those that come at the same time. */
import assert from 'node:assert/strict';
import { removeDir } from '../../helpers/tree.ts';
import { recoverOn } from '../kill/bench.ts';
import { copyTree } from '../kill/copy.ts';
import { foreignInodes, judge, worldOf } from '../kill/judge.ts';
import type { World } from '../kill/judge.ts';
import type { Ended } from '../kill/strace.ts';
import { deviceText } from './text.ts';

interface Outcome {
  codes: Ended['code'][];
  /** What they have left. */
  text: Record<string, string>;
  /** What recovery makes of that. */
  world: World;
}

let copies = 0;

/** Runs on a copy of a device that is gone afterwards. */
export async function onCopy<T>(from: string, use: (root: string) => Promise<T>): Promise<T> {
  copies += 1;
  const root = `${from}.${String(copies)}`;
  copyTree(from, root);
  try {
    return await use(root);
  } finally {
    removeDir(root);
  }
}

/** Recovers the device on which these have ended, and answers what came of them. */
export async function outcomeOf(root: string, ended: readonly Ended[]): Promise<Outcome> {
  const text = deviceText(root);
  await recoverOn(root);
  return { codes: ended.map(({ code }) => code), text, world: worldOf(root) };
}

/** Runs programs on a copy of a device, and throws unless it all ends as it did one after the other, on exactly one release. */
export async function assertAsInTurn(expected: Outcome, from: string, act: (root: string) => Promise<readonly Ended[]>): Promise<void> {
  await onCopy(from, async (root) => {
    const foreign = foreignInodes(root);
    const ended = await act(root);
    const said = ended.map(({ text }) => text).join('\n');
    const outcome = await outcomeOf(root, ended);
    assert.deepEqual(outcome.codes, expected.codes, said);
    assert.deepEqual(outcome.text, expected.text, said);
    judge(root, [expected.world], foreign, null);
  });
}
