/** A device in a known state, copied for every run, and what it may be afterwards. */
import assert from 'node:assert/strict';
import { recordEnd } from '../../../lib/steps/outcome/step-result.ts';
import { removeDir, tempDir } from '../../helpers/tree.ts';
import { STEPS, depsOn } from '../model/device.ts';
import { EXHAUSTIVE } from '../plan.ts';
import { copyTree } from './copy.ts';
import { foreignInodes, judge, promisedBy, worldOf } from './judge.ts';
import type { World } from './judge.ts';
import type { Ended, Program } from './strace.ts';
import { runProgram } from './strace.ts';

/** What is run over and over. */
export interface Scene {
  name: string;
  program: Program;
  /** Makes the device before, in a folder that is not there yet. */
  start: (root: string) => Promise<void>;
  /** The exit code when nothing goes wrong. */
  exit: 0 | 1;
}

export interface Bench {
  scene: Scene;
  /** The device before. */
  root: string;
  /** OLD, and NEW if the scene leads there. */
  worlds: readonly World[];
  /** Runs on a copy of it, or of another device, that is gone afterwards. */
  onCopy: <T>(use: (root: string, foreign: Record<string, number>) => Promise<T>, from?: string) => Promise<T>;
  close: () => void;
}

/** Makes the device, and runs the real program once to know its other end. */
export async function openBench(scene: Scene): Promise<Bench> {
  const base = tempDir();
  const root = `${base}/start`;
  await scene.start(root);
  let copies = 0;
  const onCopy: Bench['onCopy'] = async (use, from = root) => {
    copies += 1;
    const copy = `${base}/${String(copies)}`;
    copyTree(from, copy);
    try {
      return await use(copy, foreignInodes(copy));
    } finally {
      removeDir(copy);
    }
  };
  const worlds = await ends(scene, root, onCopy);
  return {
    scene,
    root,
    worlds,
    onCopy,
    close: () => {
      removeDir(base);
    },
  };
}

/** Runs on a device that is gone afterwards. */
export async function withDevice<T>(scene: Scene, use: (root: string) => Promise<T>): Promise<T> {
  const base = tempDir();
  try {
    await scene.start(`${base}/start`);
    return await use(`${base}/start`);
  } finally {
    removeDir(base);
  }
}

/** A device that is open before is only known by its end. */
async function ends({ program, exit }: Scene, root: string, onCopy: Bench['onCopy']): Promise<World[]> {
  const isOpen = promisedBy(root) !== null;
  const old = isOpen ? [] : [worldOf(root)];
  const end = await onCopy(async (copy) => {
    const ended = await runProgram(program, copy);
    assert.equal(ended.code, exit, ended.text);
    return worldOf(copy);
  });
  return old.some((world) => world.version === end.version) ? old : [...old, end];
}

/** Every so many recoveries are a process of their own, the others the same step in this one, at a tenth of the time. */
const PROCESS_EVERY = EXHAUSTIVE ? 1 : 16;
let recoveries = 0;

/** Recovers as the unit does at boot. */
export async function recoverOn(root: string): Promise<void> {
  recoveries += 1;
  if (recoveries % PROCESS_EVERY === 0) {
    const ended = await runProgram('recover', root);
    assert.equal(ended.code, 0, ended.text);
    return;
  }
  const deps = depsOn(root);
  recordEnd(deps, { step: 'recover', at: deps.now(), tookMs: deps.tookMs() }, await STEPS.recover(deps));
}

/** Recovers, and judges what came of it. Answers the index of the world that it is. */
export async function settle({ worlds, root: before }: Bench, root: string, foreign: Record<string, number>): Promise<number> {
  const promised = promisedBy(before) === null ? promisedBy(root) : null;
  await recoverOn(root);
  return judge(root, worlds, foreign, promised);
}

/** Exit code 0 is a promise as well. */
export function assertHonest(ended: Ended, world: number, worlds: readonly World[]): void {
  if (ended.code === 0) assert.equal(world, worlds.length - 1, `it said that it had worked:\n${ended.text}`);
  if (typeof ended.code === 'number' && ended.code !== 0)
    assert.match(ended.text, /\[[A-Z_]+\]/, `a failure without a code: ${String(ended.code)} ${ended.text}`);
}
