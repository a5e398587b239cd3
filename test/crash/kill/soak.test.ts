/** L13: updates and rollbacks one after the other, killed at random times; then as many that are not, and nothing grows. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { it } from 'vitest';
import { removeDir, snapshot, tempDir } from '../../helpers/tree.ts';
import { mounted, noMounts } from '../disk/mounts.ts';
import { depsOn, stage } from '../model/device.ts';
import { F1_NEW } from '../model/releases.ts';
import { storyNamed } from '../model/stories.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import { recoverOn } from './bench.ts';
import { NEW, OLD, foreignInodes, judge, promisedBy, worldOf } from './judge.ts';
import type { World } from './judge.ts';
import { naming } from './kill.ts';
import { peakIn } from './peak.ts';
import { random } from './random.ts';
import type { Ended, RunOptions } from './strace.ts';
import { runProgram } from './strace.ts';
import { tryAgain } from '../../helpers/wish.ts';

interface Walk {
  root: string;
  worlds: readonly World[];
  /** How long a whole run takes. */
  wholeMs: number;
}

/** A device that goes to and fro between two releases, and starts on the old one; below a folder. */
async function walk(base: string, use: (walk: Walk) => Promise<void>): Promise<void> {
  const root = `${base}/device`;
  await storyNamed('apply').start(root);
  const began = performance.now();
  await turn(root, OLD);
  const wholeMs = performance.now() - began;
  const fresh = worldOf(root);
  await turn(root, NEW);
  // Not earlier: what is kept for open pages is that of the release before, and there was none.
  const old = worldOf(root);
  await use({ root, worlds: [old, fresh], wholeMs });
}

/** From the world that it is on to the other one; what was interrupted three times is held, and so asked for by name. */
async function turn(root: string, on: number, options: RunOptions = {}): Promise<Ended> {
  if (on === NEW) return await runProgram('rollback', root, options);
  stage(root, F1_NEW);
  depsOn(root).files.writeWanted(tryAgain(new Date(), F1_NEW.version));
  return await runProgram('apply', root, options);
}

/** Which world is promised: what is new to a rollback is the old release. */
function promiseTo(root: string, on: number): number | null {
  const promised = promisedBy(root);
  return promised === null || on === OLD ? promised : NEW - promised;
}

it('survives being killed at random times, again and again', async () => {
  const rounds = EXHAUSTIVE ? 200 : 20;
  const base = tempDir();
  try {
    await walk(base, async ({ root, worlds, wholeMs }) => {
      // The same times in every run, as far as a scheduler allows.
      const next = random(13);
      const foreign = foreignInodes(root);
      let on: number = OLD;
      for (let round = 0; round < rounds; round += 1) {
        await naming(`round ${String(round)}, on ${String(on)}`, async () => {
          await turn(root, on, { killAfterMs: Math.ceil(wholeMs * 1.1 * next()) });
          const promised = promiseTo(root, on);
          await recoverOn(root);
          on = judge(root, worlds, foreign, promised);
        });
      }
    });
  } finally {
    removeDir(base);
  }
  atLeast('L13 random kills', rounds, EXHAUSTIVE ? 200 : 20);
});

/** Runs in a folder on a filesystem of its own, where one can be mounted; with one more for what is not the device. */
async function onOwnFilesystem(use: (dir: string, scratch: string) => Promise<void>): Promise<void> {
  const base = tempDir();
  const run = async (): Promise<void> => {
    await use(`${base}/mnt`, base);
  };
  try {
    fs.mkdirSync(`${base}/mnt`);
    if (noMounts() === null) await mounted(['-t', 'tmpfs', '-o', 'mode=755,size=64M', 'none'], `${base}/mnt`, run);
    else await run();
  } finally {
    removeDir(base);
  }
}

/** Logs grow, up to limits of their own; the largest is that of the history, and a receipt more. The last of it is published, too. */
const LOGS = /\.jsonl$|\/published\.json$/;
const LOG_MAX_BYTES = 260 * 1024;
const PAGE = 4096;

interface Size {
  entries: number;
  bytes: number;
  /** Of the filesystem, taken. */
  inodes: number;
  blocks: number;
}

/** Names and bytes, but for the logs; to a page, as times and ids are of one length but numbers are not. */
function sizeOf(dir: string, root: string): Size {
  const paths = Object.keys(snapshot(root));
  const pagesOf = (path: string): number => {
    const stat = fs.lstatSync(root + path);
    return stat.isFile() ? Math.ceil(stat.size / PAGE) : 0;
  };
  const sum = (some: readonly string[]): number => some.reduce((total, path) => total + pagesOf(path), 0);
  const logs = paths.filter((path) => LOGS.test(path));
  for (const path of logs) assert.ok(fs.lstatSync(root + path).size <= LOG_MAX_BYTES, `'${path}' grows without a limit`);
  const { files, ffree, blocks, bfree, bsize } = fs.statfsSync(dir);
  return {
    entries: paths.length,
    bytes: sum(paths.filter((path) => !LOGS.test(path))) * PAGE,
    ...(noMounts() === null ? { inodes: files - ffree, blocks: blocks - bfree - (sum(logs) * PAGE) / bsize } : { inodes: 0, blocks: 0 }),
  };
}

/** Programs are new every time: they can only take more memory because there is more on the disk. The history is, up to its limit. */
function assertNoMore(name: string, peaks: readonly number[]): void {
  const some = Math.min(50, Math.floor(peaks.length / 2));
  const [first, last] = [Math.max(...peaks.slice(0, some)), Math.max(...peaks.slice(-some))];
  process.stdout.write(`crash: peak of ${name}: ${String(first)} KiB in the first ${String(some)} runs, ${String(last)} KiB in the last\n`);
  assert.ok(last <= first * 1.1, `${name} took ${String(first)} KiB in the beginning, and ${String(last)} KiB in the end`);
}

it('does not grow with updates and rollbacks', async () => {
  const rounds = EXHAUSTIVE ? 1000 : 12;
  await onOwnFilesystem(async (dir, scratch) => {
    const peak = peakIn(scratch);
    const peaks: [number[], number[]] = [[], []];
    await walk(dir, async ({ root, worlds }) => {
      const foreign = foreignInodes(root);
      const sizes: (Size | undefined)[] = [];
      for (let round = 0; round < rounds; round += 1) {
        for (const on of [OLD, NEW] as const) {
          const ended = await turn(root, on, { env: peak.env });
          assert.equal(ended.code, 0, ended.text);
          peaks[on].push(peak.take());
          const after = judge(root, worlds, foreign, null);
          assert.equal(after, on === OLD ? NEW : OLD, `round ${String(round)}: ${ended.text}`);
          const size = sizeOf(dir, root);
          sizes[after] ??= size;
          assert.deepEqual(size, sizes[after], `round ${String(round)}: it grew`);
          assert.equal(fs.readdirSync(`${root}/var/backups/pikit`).length, 1, 'backups');
        }
      }
    });
    assertNoMore('apply', peaks[OLD]);
    assertNoMore('rollback', peaks[NEW]);
    atLeast('L13 plain cycles', rounds, EXHAUSTIVE ? 1000 : 12);
  });
});
