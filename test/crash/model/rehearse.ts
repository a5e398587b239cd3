/** A story told once, without a power cut: what it did, and where it starts and leads. */
import assert from 'node:assert/strict';
import { STEPS, depsOn } from './device.ts';
import type { Disk } from './disk.ts';
import type { World } from './judge.ts';
import { judge, worldOf } from './judge.ts';
import { assertReadable } from './readers.ts';
import type { Recorded } from './record.ts';
import { assertModelled, readDisk, record } from './record.ts';
import type { Shelf } from './shelf.ts';
import type { Story } from './stories.ts';

export interface Rehearsal {
  before: Disk;
  recorded: Recorded<unknown>;
  /** The old release, and the new one if the story leads there. */
  worlds: readonly World[];
}

/** Runs the real step, and throws unless its end is as exact as any recovery has to be. */
export async function rehearse(story: Story, shelf: Shelf): Promise<Rehearsal> {
  const { root } = shelf;
  await story.start(root);
  const before = readDisk(root);
  const old = worldOf(root, shelf.read());
  const recorded = await record(root, before, () => STEPS[story.step](depsOn(root)));
  assertModelled(root, recorded.after);
  const end = worldOf(root, shelf.read());
  const { outcome } = recorded;
  assert.equal(outcome.is, story.ends === 'new' ? 'done' : 'failed', outcome.is === 'failed' ? String(outcome.error) : 'it did not fail');
  const worlds = story.ends === 'new' ? [old, end] : [old];
  await judge(shelf, worlds, worlds.length - 1);
  if (story.ends === 'new') assertReadable(before, recorded);
  return { before, recorded, worlds };
}
