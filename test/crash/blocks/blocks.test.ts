/**
 * L3: every write to the disk below a real ext4 is logged while a scene runs; then the disk is made as it was after each of
 * them, and without some of those that no flush had made durable, mounted, recovered and judged. A directory that is not
 * synced is not missed here, as ext4 writes its metadata in order: that is for the model to see.
 */
import assert from 'node:assert/strict';
import { beforeAll, describe, it } from 'vitest';
import type { TestContext } from 'vitest';
import { removeDir, tempDir } from '../../helpers/tree.ts';
import { openBench } from '../kill/bench.ts';
import type { Scene } from '../kill/bench.ts';
import { worldOf } from '../kill/judge.ts';
import { APPLY, ROLLBACK, UNDO } from '../kill/scenes.ts';
import { DIST } from '../model/explorer.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import type { Cut } from './cuts.ts';
import { cutsOf } from './cuts.ts';
import { buildMutant } from './mutant.ts';
import { noLog } from './recorder.ts';
import { flawOf, onDisk, replay } from './replay.ts';
import type { LoggedRun } from './run.ts';
import { runLogged } from './run.ts';

const THROWS = EXHAUSTIVE ? 4 : 1;
/** Of each scene in the default run. */
const SAMPLE = 40;
const SAMPLE_OF_MUTANT = 16;

function evenly<T>(all: readonly T[], count: number): T[] {
  return all.filter((_, index) => Math.floor((index * count) / all.length) !== Math.floor(((index - 1) * count) / all.length));
}

/** Runs with what a disk logged of a scene, or of a mutant of its program. */
async function withLog(scene: Scene, mutant: string | null, use: (run: LoggedRun, base: string) => Promise<void>): Promise<void> {
  const base = tempDir();
  try {
    const dist = mutant === null ? DIST : await buildMutant(mutant, `${base}/dist`);
    const bench = await openBench(scene);
    try {
      await use(await runLogged(bench, dist, base), base);
    } finally {
      bench.close();
    }
  } finally {
    removeDir(base);
  }
}

/** What is wrong with the disks that these cuts leave. */
async function flawsOf(run: LoggedRun, cuts: readonly Cut[], base: string): Promise<string[]> {
  const flaws: string[] = [];
  await replay(run, cuts, async (disk, cut) => {
    const flaw = await flawOf(run, disk, cut, base);
    if (flaw !== null) flaws.push(`${run.bench.scene.name}, power cut ${cut.name}: ${flaw}`);
  });
  return flaws;
}

/** Every write in the log together is what the program was to do. */
async function assertWhole(run: LoggedRun, base: string): Promise<void> {
  const { bench, log, ended } = run;
  assert.equal(ended.code, bench.scene.exit, ended.text);
  const whole = { name: 'after everything', durable: log.length, kept: [], at: log.length };
  await replay(run, [whole], async (disk) => {
    await onDisk(disk, base, (root) => {
      assert.deepEqual(worldOf(root), bench.worlds.at(-1));
      return Promise.resolve();
    });
  });
}

describe('a power cut between two writes to the disk', () => {
  let missing: string | null = null;
  let disks = 0;

  beforeAll(async () => {
    const base = tempDir();
    try {
      missing = await noLog(base);
    } finally {
      removeDir(base);
    }
  });

  function needLog(context: TestContext): void {
    context.skip(missing !== null, missing ?? '');
  }

  it.for([APPLY, UNDO, ROLLBACK])('leaves exactly one release: $name', async (scene, context) => {
    needLog(context);
    await withLog(scene, null, async (run, base) => {
      await assertWhole(run, base);
      const all = cutsOf(run.log, THROWS);
      const cuts = EXHAUSTIVE ? all : evenly(all, SAMPLE);
      assert.deepEqual((await flawsOf(run, cuts, base)).slice(0, 5), []);
      const flushes = run.log.filter(({ is }) => is === 'flush').length;
      const name = `L3 ${scene.name} (${String(run.log.length - flushes)} writes, ${String(flushes)} flushes, ${String(all.length)} disks)`;
      atLeast(name, cuts.length, EXHAUSTIVE ? 300 : SAMPLE);
      disks += cuts.length;
    });
  });

  it.for(['no journal', 'no fsync of files', 'no barrier'])('is what catches: %s', async (mutant, context) => {
    needLog(context);
    await withLog(APPLY, mutant, async (run, base) => {
      const cuts = evenly(cutsOf(run.log, 0), SAMPLE_OF_MUTANT);
      const flaws = await flawsOf(run, cuts, base);
      assert.ok(flaws.length > 0, `no check noticed '${mutant}'`);
      const first = flaws[0]?.split('\n')[0] ?? '';
      process.stdout.write(`crash: L3 mutant '${mutant}': ${String(flaws.length)} of ${String(cuts.length)} disks: ${first}\n`);
    });
  });

  it('was tried as often as planned', (context) => {
    needLog(context);
    atLeast('L3 disks', disks, EXHAUSTIVE ? 1240 : 120);
  });
});
