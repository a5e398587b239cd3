/** One scene: recorded once, cut at every operation in every legal way, judged; and the check that comes next, cut in its turn. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { check } from '../../../lib/steps/check.ts';
import type { Assignment, Report } from '../model/assignment.ts';
import type { Disk, Op } from '../model/disk.ts';
import { STEPS } from '../model/device.ts';
import { told } from '../model/explore.ts';
import { keyOf } from '../model/key.ts';
import { assertModelled, readDisk, record } from '../model/record.ts';
import { openShelf } from '../model/shelf.ts';
import { survivors } from '../model/survive.ts';
import { makeGround } from './ground.ts';
import type { Course } from './judge.ts';
import { judge, trustOf } from './judge.ts';
import type { Scene } from './scenes.ts';

/** The cache is part of it: it may go at any time, but what is there is believed as far as it is signed. */
const FLEETING = ['/run'];
/** Root takes nothing from the cache that has a second name. */
const OWN_NAME = /\.jsonl$|^\/var\/cache\//;

const WHOLE_EVERY = 3;

type Limits = Pick<Assignment, 'stride' | 'again' | 'againStride' | 'maxFailures'>;

export async function explore(scene: Scene, base: string, { stride, again, againStride, maxFailures }: Limits): Promise<Report> {
  const shelf = openShelf(base, OWN_NAME);
  const { root } = shelf;
  const ground = makeGround(join(base, 'sites'), scene.news);
  await scene.start(root, ground);
  const before = readDisk(root, FLEETING);
  const trusted = trustOf(root, ground);
  const recorded = await record(root, before, () => scene.act(root, ground), FLEETING);
  const { outcome } = recorded;
  assert.equal(outcome.is, 'done', outcome.is === 'failed' ? String(outcome.error) : '');
  assertModelled(root, recorded.after, FLEETING);
  // What a step of root lets others know of it, it writes at its own end.
  await STEPS.recover(ground.stepsOn(root));
  const course: Course = { scene, ground, before: trusted, end: trustOf(root, ground) };
  const ops = recorded.ops.slice(0, lengthUntil(recorded.ops, scene.until));
  shelf.forget();
  const report = { operations: ops.length, raw: 0, distinct: 0, pairs: 0, fresh: 0, calls: 0, processes: 0 };
  const failures: string[] = [];
  const cases: Disk[] = [];
  const known = new Set<number>();

  /** False for a device that was seen before. */
  const put = async (disk: Disk, { isOver = false, isNext = false }, where: string): Promise<boolean> => {
    const key = keyOf(disk);
    if (known.has(key) && !isOver) return false;
    known.add(key);
    try {
      shelf.load(disk);
      await judge(course, root, { isOver, isNext, isWhole: known.size % WHOLE_EVERY === 1 });
    } catch (error) {
      failures.push(`${scene.name}, ${where}: ${error instanceof Error ? error.message : String(error)}`);
    }
    // What the steps have made there need not be what the model knows.
    shelf.forget();
    return true;
  };

  const isOver = (after: number): boolean => after === ops.length && scene.until === undefined;
  for (const { after, disk } of survivors(before, ops, { stride, offset: ops.length % stride })) {
    if (failures.length >= maxFailures) break;
    report.raw += 1;
    if (await put(disk, { isOver: isOver(after) }, `cut after ${told(ops, after)}`)) cases.push(disk);
  }
  report.distinct = cases.length;

  for (const [index, first] of cases.entries()) {
    if (again === 0 || index % again !== 0 || failures.length >= maxFailures) continue;
    shelf.load(first);
    const second = await record(root, first, () => check(ground.networkOn(root, 'young')), FLEETING);
    shelf.forget();
    for (const { after, disk } of survivors(first, second.ops, { stride: againStride, offset: (index / again) % againStride })) {
      if (failures.length >= maxFailures) break;
      report.pairs += 1;
      if (await put(disk, { isNext: true }, `device ${String(index)}, its next check cut after ${told(second.ops, after)}`)) report.fresh += 1;
    }
  }
  shelf.assertUntouched();
  return { ...report, failures };
}

function lengthUntil(ops: readonly Op[], until: string | undefined): number {
  const end = ops.findIndex((op) => 'name' in op && until !== undefined && op.name.startsWith(until));
  return end === -1 ? ops.length : end;
}
