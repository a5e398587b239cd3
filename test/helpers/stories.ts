/** Every kind of transaction as a story with two ends, and a bench to run it on, over and over, from the same start. */
import fs from 'node:fs';
import { afterAll } from 'vitest';
import { readJournal } from '../../lib/transaction/journal.ts';
import type { TransactionPaths } from '../../lib/transaction/transaction-paths.ts';
import { applyRelease, placeIn, rollBack } from './change.ts';
import type { World } from './oracle.ts';
import { worldOf } from './oracle.ts';
import { FOREIGN_PATHS, V1, V2, bareDevice, device, updatedDevice } from './scenario.ts';
import { inodes, linkTree, removeDir, tempDir } from './tree.ts';

export interface Story {
  name: string;
  start: (root: string) => TransactionPaths;
  act: (place: TransactionPaths) => unknown;
  /** Where it ends when nothing goes wrong. */
  ends: 'old' | 'new';
  /** Every so many crash points, the recovery is crashed at each of its own. */
  stride: number;
}

/** Every call in the exhaustive run, every so many otherwise. */
export const stride = (quick: number): number => (process.env['PIKIT_EXHAUSTIVE'] === '1' ? 1 : quick);

export const STORIES: readonly Story[] = [
  { name: 'first-install', start: bareDevice, act: (place) => applyRelease(place, V1), ends: 'new', stride: stride(17) },
  { name: 'update', start: device, act: (place) => applyRelease(place, V2), ends: 'new', stride: stride(19) },
  { name: 'update-that-fails-its-health-check', start: device, act: (place) => applyRelease(place, V2, false), ends: 'old', stride: stride(37) },
  { name: 'rollback', start: updatedDevice, act: (place) => rollBack(place), ends: 'new', stride: stride(17) },
];

const OLD = 0;
export const NEW = 1;

export interface Staged {
  /** The device before. */
  root: string;
  /** The worlds it may be in afterwards: OLD, and NEW if the story leads there. */
  worlds: World[];
}

export interface Bench {
  stage: (story: Story) => Staged;
  /** Runs on a copy of a device that is gone afterwards. `foreign`: inodes of the files that are not ours. */
  onCopy: <T>(root: string, use: (place: TransactionPaths, foreign: Record<string, number>) => T) => T;
}

/** Call once per file: it is there for all of its tests. */
export function useBench(): Bench {
  const base = tempDir();
  let copies = 0;

  const onCopy: Bench['onCopy'] = (from, use) => {
    copies += 1;
    const root = `${base}/copy-${String(copies)}`;
    linkTree(from, root);
    try {
      return use(placeIn(root), inodes(root, FOREIGN_PATHS));
    } finally {
      removeDir(root);
    }
  };

  const stage: Bench['stage'] = (story) => {
    const root = fs.mkdtempSync(`${base}/${story.name}-`);
    fs.rmdirSync(root);
    const old = worldOf(story.start(root));
    if (story.ends === 'old') return { root, worlds: [old] };
    const fresh = onCopy(root, (place) => {
      story.act(place);
      return worldOf(place);
    });
    return { root, worlds: [old, fresh] };
  };

  afterAll(() => {
    removeDir(base);
  });
  return { stage, onCopy };
}

/** Which world an open journal promises; null when none is open. */
export function promisedWorld(place: TransactionPaths): number | null {
  const journal = readJournal(place);
  if (journal === null) return null;
  if (journal.phase === 'committed') return NEW;
  return journal.phase === 'applying' && journal.kind === 'rollback' ? NEW : OLD;
}

/** Runs a step at 1, 2, 3 … until its fault comes no more, and counts. What fails names its call. */
export function atEveryCall(step: (at: number) => { hit: boolean }, stride = 1): number {
  for (let at = 1, points = 0; ; at += stride, points += 1) {
    try {
      if (!step(at).hit) return points;
    } catch (error) {
      throw new Error(`at call ${String(at)}`, { cause: error });
    }
  }
}
