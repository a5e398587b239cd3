/**
 * The programs as they are installed, against the functions that the model runs because they are a hundred times faster:
 * the same calls in the same order, and the same end after a sample of the power cuts.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { STEPS, depsOn } from './device.ts';
import type { Case } from './explore.ts';
import type { World } from './judge.ts';
import { judge } from './judge.ts';
import type { Shelf } from './shelf.ts';
import type { Story } from './stories.ts';
import { trace } from './trace.ts';

interface Program {
  dist: string;
  /** A bundle of preload.ts. */
  preload: string;
}

function run(name: string, root: string, { dist }: Program, options: readonly string[] = [], env: Readonly<Record<string, string>> = {}): string {
  const { status, stderr } = spawnSync(process.execPath, [...options, join(dist, `${name}.js`)], {
    env: { PATH: process.env['PATH'], PIKIT_ROOT: root, ...env },
    encoding: 'utf8',
  });
  return `${String(status)} ${stderr}`;
}

/** Throws unless the built step makes the calls that the recorded function makes. Answers their number. */
export async function assertSameCalls(story: Story, base: string, program: Program): Promise<number> {
  const [inside, outside, file] = ['inside', 'outside', 'trace'].map((name) => join(base, name));
  assert.ok(inside !== undefined && outside !== undefined && file !== undefined);
  await story.start(inside);
  await story.start(outside);
  const traced = trace(inside);
  try {
    await STEPS[story.step](depsOn(inside));
  } catch {
    // What it came to is judged elsewhere.
  } finally {
    traced.stop();
  }
  const said = run(story.step, outside, program, ['--import', program.preload], { PIKIT_TRACE: file });
  assert.ok(fs.existsSync(file), `${story.step}.js ended with ${said}`);
  assert.deepEqual(fs.readFileSync(file, 'utf8').split('\n'), traced.lines, `${story.step}.js does something else`);
  return traced.lines.length;
}

/** Recovers evenly chosen devices with recover.js. Answers their number. */
export async function recoverWithProgram(
  shelf: Shelf,
  worlds: readonly World[],
  cases: readonly Case[],
  sample: number,
  program: Program,
): Promise<number> {
  const step = Math.max(1, Math.floor(cases.length / Math.max(1, sample)));
  const chosen = cases.filter((_, index) => index % step === 0).slice(0, sample);
  for (const { disk, expected } of chosen) {
    shelf.load(disk);
    const said = run('recover', shelf.root, program);
    assert.match(said, /^0 /);
    await judge(shelf, worlds, expected);
  }
  return chosen.length;
}
