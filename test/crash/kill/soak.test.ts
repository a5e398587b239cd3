/** L13: updates and rollbacks one after the other, killed at random times; then as many that are not, and nothing grows. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { it } from 'vitest';
import { removeDir, snapshot, tempDir } from '../../helpers/tree.ts';
import { depsOn, stage } from '../model/device.ts';
import { F1_NEW } from '../model/releases.ts';
import { storyNamed } from '../model/stories.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import { recoverOn } from './bench.ts';
import { NEW, OLD, foreignInodes, judge, promisedBy, worldOf } from './judge.ts';
import type { World } from './judge.ts';
import { naming } from './kill.ts';
import type { Ended } from './strace.ts';
import { runProgram } from './strace.ts';

interface Walk {
  root: string;
  worlds: readonly World[];
  /** How long a whole run takes. */
  wholeMs: number;
}

/** A device that goes to and fro between two releases, and starts on the old one. */
async function walk(use: (walk: Walk) => Promise<void>): Promise<void> {
  const base = tempDir();
  const root = `${base}/device`;
  try {
    await storyNamed('apply').start(root);
    const old = worldOf(root);
    const began = performance.now();
    await turn(root, OLD);
    const wholeMs = performance.now() - began;
    const fresh = worldOf(root);
    await turn(root, NEW);
    await use({ root, worlds: [old, fresh], wholeMs });
  } finally {
    removeDir(base);
  }
}

/** From the world that it is on to the other one; what was interrupted three times is held, and so asked for by name. */
async function turn(root: string, on: number, killAfterMs?: number): Promise<Ended> {
  if (on === NEW) return await runProgram('rollback', root, [], killAfterMs);
  stage(root, F1_NEW);
  depsOn(root).files.writeRetry(F1_NEW.version);
  return await runProgram('apply', root, [], killAfterMs);
}

/** Which world is promised: what is new to a rollback is the old release. */
function promiseTo(root: string, on: number): number | null {
  const promised = promisedBy(root);
  return promised === null || on === OLD ? promised : NEW - promised;
}

/** The same times in every run, as far as a scheduler allows (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

it('survives being killed at random times, again and again', async () => {
  const rounds = EXHAUSTIVE ? 200 : 40;
  await walk(async ({ root, worlds, wholeMs }) => {
    const next = random(13);
    const foreign = foreignInodes(root);
    let on: number = OLD;
    for (let round = 0; round < rounds; round += 1) {
      await naming(`round ${String(round)}, on ${String(on)}`, async () => {
        await turn(root, on, Math.ceil(wholeMs * 1.1 * next()));
        const promised = promiseTo(root, on);
        await recoverOn(root);
        on = judge(root, worlds, foreign, promised);
      });
    }
    atLeast('L13 random kills', rounds, EXHAUSTIVE ? 200 : 40);
  });
});

/** Logs grow, up to a limit of their own. */
const LOGS = /\.jsonl$/;

interface Size {
  entries: number;
  bytes: number;
}

/** Names and bytes, without the logs; sizes to a page, as times and ids are of one length but numbers are not. */
function sizeOf(root: string): Size {
  const paths = Object.keys(snapshot(root)).filter((path) => !LOGS.test(path));
  const bytes = paths
    .map((path) => fs.lstatSync(root + path))
    .reduce((sum, stat) => sum + (stat.isFile() ? Math.ceil(stat.size / 4096) * 4096 : 0), 0);
  return { entries: paths.length, bytes };
}

it('does not grow with updates and rollbacks', async () => {
  const rounds = EXHAUSTIVE ? 1000 : 30;
  await walk(async ({ root, worlds }) => {
    const foreign = foreignInodes(root);
    const sizes: (Size | undefined)[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const on of [OLD, NEW]) {
        const ended = await turn(root, on);
        assert.equal(ended.code, 0, ended.text);
        const after = judge(root, worlds, foreign, null);
        assert.equal(after, on === OLD ? NEW : OLD, `round ${String(round)}: ${ended.text}`);
        const size = sizeOf(root);
        sizes[after] ??= size;
        assert.deepEqual(size, sizes[after], `round ${String(round)}: it grew`);
        assert.equal(fs.readdirSync(`${root}/var/backups/pikit`).length, 1, 'backups');
      }
    }
    atLeast('L13 plain cycles', rounds, EXHAUSTIVE ? 1000 : 30);
  });
});
