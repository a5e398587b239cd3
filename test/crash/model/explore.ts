/** One story: recorded once, then cut at every operation in every legal way, recovered, judged; and cut again in recovery. */
import assert from 'node:assert/strict';
import { STEPS, depsOn } from './device.ts';
import type { Disk, Op } from './disk.ts';
import { judge } from './judge.ts';
import { keyOf } from './key.ts';
import { OLD, promises } from './promise.ts';
import { record } from './record.ts';
import type { Rehearsal } from './rehearse.ts';
import type { Shelf } from './shelf.ts';
import type { Story } from './stories.ts';
import type { Survivor } from './survive.ts';
import { survivors } from './survive.ts';

export interface Limits {
  /** Power cuts after every so many operations. */
  stride: number;
  /** Every so many of the devices is cut again in its recovery, after every so many operations of that; 0: none. */
  again: number;
  againStride: number;
  maxFailures: number;
}

/** A device as a power cut left it, and the world that recovery has to make of it. */
export interface Case {
  disk: Disk;
  expected: number;
}

export interface Explored {
  operations: number;
  /** Power cuts as they were enumerated, and how many different devices they left. */
  raw: number;
  cases: readonly Case[];
  /** Power cuts within recoveries: pairs of devices, and how many of the latter had not been seen before. */
  pairs: number;
  fresh: number;
  failures: readonly string[];
}

/** Far apart first: what is wrong with a late phase shows as soon as what is wrong with an early one. */
const PASSES = 8;

export async function explore(story: Story, shelf: Shelf, { before, recorded, worlds }: Rehearsal, limits: Limits): Promise<Explored> {
  const failures: string[] = [];
  const known = new Map<number, number>();
  const cases: Case[] = [];
  const counts = { raw: 0, pairs: 0, fresh: 0 };
  const enough = (): boolean => failures.length >= limits.maxFailures;

  /** Recovers a device unless it is known; a failure is noted with its place. Says which device it was. */
  const put = async ({ disk }: Survivor, expected: () => number, where: string): Promise<{ key: number; isNew: boolean }> => {
    const key = keyOf(disk);
    const seen = known.get(key);
    try {
      const wanted = expected();
      assert.ok(seen === undefined || seen === wanted, 'one device, two promises');
      if (seen !== undefined) return { key, isNew: false };
      known.set(key, wanted);
      shelf.load(disk);
      const { message } = await STEPS.recover(depsOn(shelf.root));
      assert.doesNotMatch(message, /journal .* was damaged/, 'the journal was damaged');
      await judge(shelf, worlds, wanted);
    } catch (error) {
      shelf.forget();
      failures.push(`${story.name}, ${where}: ${error instanceof Error ? error.message : String(error)}`);
    }
    return { key, isNew: seen === undefined };
  };

  const promise = story.ends === 'old' ? (): number => OLD : promises(recorded);
  const passes =
    limits.stride === 1 ? Array.from({ length: PASSES }, (_, offset) => ({ stride: PASSES, offset })) : [{ stride: limits.stride, offset: 0 }];
  for (const cuts of passes) {
    for (const survivor of survivors(before, recorded.ops, cuts)) {
      if (enough()) break;
      counts.raw += 1;
      const where = `cut after ${told(recorded.ops, survivor.after)}`;
      const { key, isNew } = await put(survivor, () => promise(survivor), where);
      if (isNew) cases.push({ disk: survivor.disk, expected: known.get(key) ?? OLD });
    }
  }

  for (const [index, first] of cases.entries()) {
    if (limits.again === 0 || index % limits.again !== 0 || enough()) continue;
    shelf.load(first.disk);
    const { ops } = await record(shelf.root, first.disk, () => STEPS.recover(depsOn(shelf.root)));
    const devices = new Set<number>();
    const cuts = { stride: limits.againStride, offset: (index / limits.again) % limits.againStride };
    for (const survivor of survivors(first.disk, ops, cuts)) {
      if (enough()) break;
      const where = `device ${String(index)}, its recovery cut after ${told(ops, survivor.after)}`;
      const { key, isNew } = await put(survivor, () => first.expected, where);
      devices.add(key);
      if (isNew) counts.fresh += 1;
    }
    counts.pairs += devices.size;
  }
  shelf.assertUntouched();
  return { operations: recorded.ops.length, ...counts, cases, failures };
}

/** Where a power cut came. */
export function told(ops: readonly Op[], after: number): string {
  const op = ops[after - 1];
  const what = op === undefined ? 'nothing' : op.is === 'move' ? `move ${op.name} to ${op.to}` : 'name' in op ? `${op.is} ${op.name}` : op.is;
  return `${String(after)} operations (${what})`;
}
