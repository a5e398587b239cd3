/** A scene over the trust state as the built programs play it: the device before, the calls that change it, and what the model's oracle asks for. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { removeDir } from '../../helpers/tree.ts';
import { STEPS } from '../model/device.ts';
import { EXHAUSTIVE } from '../plan.ts';
import { makeGround } from '../trust/ground.ts';
import type { Course } from '../trust/judge.ts';
import { trustOf } from '../trust/judge.ts';
import { sceneNamed } from '../trust/scenes.ts';
import { copyTree } from './copy.ts';
import { distinctPoints } from './kill.ts';
import type { Command, Point } from './strace.ts';
import { runProgram, tracePoints } from './strace.ts';

export interface Played {
  /** Of the model. */
  scene: string;
  program: Command;
  /** ROOT stands for a file with this version of the root. */
  args?: readonly string[];
  root?: number;
  /** In the short run, of the points that leave a device of their own. */
  stride: number;
}

export interface TrustBench {
  course: Course;
  /** The device before. */
  start: string;
  args: readonly string[];
  points: readonly Point[];
  /** Runs on a copy of it that is gone afterwards. */
  onCopy: <T>(use: (root: string) => Promise<T>) => Promise<T>;
}

/** Makes it all in a folder, and runs the program once to know its end. */
export async function openTrustBench({ scene: name, program, args = [], root: version = 1, stride }: Played, base: string): Promise<TrustBench> {
  const scene = sceneNamed(name);
  // The built programs go by the clock of the machine.
  const ground = makeGround(join(base, 'sites'), scene.news, new Date());
  const file = join(base, 'given.json');
  fs.writeFileSync(file, ground.roots.get(version) ?? '');
  const asked = args.map((word) => (word === 'ROOT' ? file : word));
  const start = join(base, 'start');
  await scene.start(start, ground);
  let copies = 0;
  const onCopy: TrustBench['onCopy'] = async (use) => {
    const copy = join(base, String((copies += 1)));
    copyTree(start, copy);
    try {
      return await use(copy);
    } finally {
      removeDir(copy);
    }
  };
  const end = await onCopy(async (root) => {
    const { code, text } = await runProgram(program, root, { args: asked });
    assert.equal(code, 0, text);
    await STEPS.recover(ground.stepsOn(root));
    return trustOf(root, ground);
  });
  const { points } = await onCopy(async (root) => await tracePoints(program, root, false, asked));
  return { course: { scene, ground, before: trustOf(start, ground), end }, start, args: asked, points: chosen(points, scene.until, stride), onCopy };
}

/** What is in the place of a file of the trust state then is another thing than before. */
const OF_TRUST = /\/trust(?:\/|")|\/published\.json/;

function chosen(points: readonly Point[], until: string | undefined, stride: number): Point[] {
  const end = until === undefined ? -1 : points.findIndex(({ label, succeeded }) => succeeded && label.includes(until));
  const ours = end === -1 ? points : points.slice(0, end);
  return EXHAUSTIVE ? [...ours] : distinctPoints(ours).filter(({ label }, index) => OF_TRUST.test(label) && index % stride === 0);
}
