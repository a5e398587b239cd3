/** L4b: disks and inode tables that are really full, at every level, and from the middle of an update on. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { describe, it } from 'vitest';
import { removeDir, tempDir, writeTree } from '../../helpers/tree.ts';
import { assertHonest, openBench, recoverOn, settle } from '../kill/bench.ts';
import type { Bench, Scene } from '../kill/bench.ts';
import { copyTree } from '../kill/copy.ts';
import { NEW, OLD, foreignInodes, judge, promisedBy } from '../kill/judge.ts';
import { naming } from '../kill/kill.ts';
import { APPLY, APPLY_OVER_DRIFT, ROLLBACK } from '../kill/scenes.ts';
import { noStrace, runProgram, stopAt, tracePoints } from '../kill/strace.ts';
import { depsOn } from '../model/device.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import { mounted, noMounts, remount } from './mounts.ts';
import { closed, listening } from '../../helpers/listening.ts';

type What = 'blocks' | 'inodes';

const LEVELS = 41;
/** Blocks or inodes: on a tmpfs a hard link takes an inode, too. */
const STEP = 2;

/** Leaves this much of a tmpfs; with `null` all that is wanted. */
function leave(dir: string, what: What, free: number | null): void {
  const { blocks, bfree, bsize, files, ffree } = fs.statfsSync(dir);
  if (what === 'blocks') remount(dir, `size=${String(free === null ? 2 ** 26 : (blocks - bfree + free) * bsize)}`);
  else remount(dir, `nr_inodes=${String(free === null ? 100_000 : files - ffree + free)}`);
}

/** Runs on a copy of a device that lies on a tmpfs of its own. */
async function onTmpfs(bench: Bench, base: string, use: (root: string, dir: string) => Promise<void>): Promise<void> {
  const dir = `${base}/mnt`;
  await mounted(['-t', 'tmpfs', '-o', 'mode=755,size=64M,nr_inodes=100000', 'none'], dir, async () => {
    copyTree(bench.root, `${dir}/device`);
    await use(`${dir}/device`, dir);
  });
}

/** The first write after the room was counted: what is taken from then on, no preflight can know of. */
const COUNTED = /^openat .*"\/var\/lib\/pikit\/journal\.json\.tmp"/;

async function fillAtEachLevel(bench: Bench, what: What, base: string): Promise<string[]> {
  const { scene, worlds } = bench;
  const { points } = await bench.onCopy(async (root) => await tracePoints(scene.program, root));
  const point = points.find(({ label }) => COUNTED.test(label));
  assert.ok(point !== undefined);
  const outcomes: string[] = [];
  for (let level = 0; level < LEVELS; level += 1) {
    await onTmpfs(bench, base, async (root, dir) => {
      await naming(`${scene.name}, level ${String(level)} of ${what}`, async () => {
        const foreign = foreignInodes(root);
        const ended = await stopAt(scene.program, root, point, () => {
          leave(dir, what, level * STEP);
        });
        assertHonest(ended, await settle(bench, root, foreign), worlds);
        outcomes.push(/\[([A-Z_]+)\]/.exec(ended.text)?.[1] ?? 'ok');
      });
    });
  }
  return outcomes;
}

async function fillScene(scene: Scene, base: string): Promise<number> {
  const bench = await openBench(scene);
  try {
    let cases = 0;
    for (const what of ['blocks', 'inodes'] as const) {
      const outcomes = await fillAtEachLevel(bench, what, base);
      assert.equal(outcomes[0], 'NO_SPACE', outcomes.join(' '));
      assert.equal(outcomes.at(-1), 'ok', outcomes.join(' '));
      cases += outcomes.length;
    }
    return cases;
  } finally {
    bench.close();
  }
}

/** A dashboard on loopback that answers as it is told. */
interface Dashboard {
  url: string;
  /** What it does at a request; the answer is a status. */
  answer: () => number;
}

async function withDashboard(use: (dashboard: Dashboard) => Promise<void>): Promise<void> {
  const dashboard: Dashboard = { url: '', answer: () => 200 };
  const server = http.createServer((_, response) => {
    response.writeHead(dashboard.answer()).end();
  });
  dashboard.url = `http://127.0.0.1:${String(await listening(server))}/`;
  try {
    await use(dashboard);
  } finally {
    await closed(server);
  }
}

/** The scene with this dashboard asked before the commit. */
function asking(scene: Scene, url: string): Scene {
  return {
    ...scene,
    start: async (root) => {
      await scene.start(root);
      const path = '/etc/pikit/update.toml';
      const text = fs.readFileSync(root + path, 'utf8');
      writeTree(root, { [path]: text.replace('http = []', `http = ["${url}"]`).replace('"100ms"', '"1s"') });
    },
  };
}

/** What happens while the disk is full, all of it between the swap and the commit. */
interface Middle {
  name: string;
  scene: Scene;
  /** What the dashboard answers then. */
  status: number;
  isKilled: boolean;
  ends: typeof OLD | typeof NEW;
}

const DRIFTED: readonly Middle[] = [
  { name: 'apply over drift is undone', scene: APPLY_OVER_DRIFT, status: 500, isKilled: false, ends: OLD },
  { name: 'apply over drift is killed', scene: APPLY_OVER_DRIFT, status: 500, isKilled: true, ends: OLD },
];
const MIDDLES: readonly Middle[] = [
  { name: 'apply is undone', scene: APPLY, status: 500, isKilled: false, ends: OLD },
  { name: 'apply cannot commit', scene: APPLY, status: 200, isKilled: false, ends: OLD },
  { name: 'apply is killed', scene: APPLY, status: 500, isKilled: true, ends: OLD },
  { name: 'rollback cannot commit', scene: ROLLBACK, status: 200, isKilled: false, ends: NEW },
  { name: 'rollback is killed', scene: ROLLBACK, status: 200, isKilled: true, ends: NEW },
  ...(EXHAUSTIVE ? DRIFTED : []),
];

async function fillInTheMiddle(middle: Middle, what: What, base: string, dashboard: Dashboard): Promise<void> {
  dashboard.answer = () => 200;
  const bench = await openBench(asking(middle.scene, dashboard.url));
  try {
    await onTmpfs(bench, base, async (root, dir) => {
      const foreign = foreignInodes(root);
      let isFull = false;
      dashboard.answer = () => {
        if (!isFull) leave(dir, what, 0);
        isFull = true;
        const pid = middle.isKilled ? depsOn(root).files.readProgress()?.pid : undefined;
        if (pid !== undefined) process.kill(pid, 'SIGKILL');
        return middle.status;
      };
      const ended = await runProgram(middle.scene.program, root);
      assert.ok(isFull, 'the dashboard was not asked');
      assert.equal(ended.code === 'SIGKILL', middle.isKilled, ended.text);
      // Going back takes no room at all; a rollback may have to wait for it, and goes on then.
      if (middle.ends === NEW) leave(dir, what, null);
      const promised = promisedBy(root);
      await recoverOn(root);
      const world = judge(root, bench.worlds, foreign, promised);
      assert.equal(world, middle.ends);
      assertHonest(ended, world, bench.worlds);
    });
  } finally {
    bench.close();
  }
}

describe('a disk that is really full', () => {
  let cases = 0;

  it('leaves exactly one release with any room', async (context) => {
    const reason = noMounts() ?? noStrace();
    if (reason !== null) context.skip(reason);
    const base = tempDir();
    let levels = 0;
    try {
      for (const scene of EXHAUSTIVE ? [APPLY, ROLLBACK, APPLY_OVER_DRIFT] : [APPLY]) levels += await fillScene(scene, base);
    } finally {
      removeDir(base);
    }
    atLeast('L4b fill levels', levels, EXHAUSTIVE ? 246 : 82);
    cases += levels;
  });

  it('leaves room to go back', async (context) => {
    const reason = noMounts();
    if (reason !== null) context.skip(reason);
    const base = tempDir();
    let middles = 0;
    try {
      await withDashboard(async (dashboard) => {
        for (const middle of MIDDLES) {
          for (const what of ['blocks', 'inodes'] as const) {
            await naming(`${middle.name}, no ${what}`, async () => {
              await fillInTheMiddle(middle, what, base, dashboard);
            });
            middles += 1;
          }
        }
      });
    } finally {
      removeDir(base);
    }
    atLeast('L4b full from the middle on', middles, EXHAUSTIVE ? 14 : 10);
    cases += middles;
  });

  it('was tried as often as planned', (context) => {
    const reason = noMounts() ?? noStrace();
    if (reason !== null) context.skip(reason);
    atLeast('L4b real space', cases, EXHAUSTIVE ? 260 : 84);
  });
});
