/**
 * The power goes at a system call of a scene, on a real ext4: the process is killed there, the filesystem is cut off from its
 * disk, mounted again (which replays its journal), recovered and judged. ext4 orders its metadata, so this cannot replace the
 * model, which knows that POSIX does not.
 */
import fs from 'node:fs';
import { it } from 'vitest';
import { removeDir, tempDir } from '../../helpers/tree.ts';
import { openBench, settle } from '../kill/bench.ts';
import type { Bench, Scene } from '../kill/bench.ts';
import { copyTree } from '../kill/copy.ts';
import { foreignInodes } from '../kill/judge.ts';
import { describe, naming } from '../kill/kill.ts';
import { APPLY, ROLLBACK, UNDO } from '../kill/scenes.ts';
import type { Point } from '../kill/strace.ts';
import { killAt, noStrace, tracePoints } from '../kill/strace.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import type { Cut } from './mounts.ts';
import { cutPower, makeExt4, mounted, noPowerCuts } from './mounts.ts';

interface Variant {
  name: string;
  features: readonly string[];
  options: string;
}

const ORDERED: Variant = { name: 'data=ordered', features: [], options: 'loop,data=ordered' };
const VARIANTS: readonly Variant[] = EXHAUSTIVE
  ? [
      ORDERED,
      { name: 'data=writeback', features: [], options: 'loop,data=writeback' },
      { name: 'fast_commit', features: ['-O', 'fast_commit'], options: 'loop' },
    ]
  : [ORDERED];

/** Both cuts at every point, or in turn at every fourth. */
function cutsAt(index: number): readonly Cut[] {
  if (EXHAUSTIVE) return ['no-flush', 'flush'];
  if (index % 4 !== 1) return [];
  return index % 8 === 1 ? ['no-flush'] : ['flush'];
}

/** Cuts at the points of a scene. Answers how often. */
async function cutScene(scene: Scene, variant: Variant, base: string): Promise<number> {
  const bench = await openBench(scene);
  try {
    const { points } = await bench.onCopy(async (root) => await tracePoints(scene.program, root));
    const image = `${base}/${scene.name}.ext4`;
    const dir = `${base}/mnt`;
    makeExt4(image, variant.features);
    await mounted(['-o', 'loop', image], dir, async () => {
      copyTree(bench.root, `${dir}/device`);
      await Promise.resolve();
    });
    let cuts = 0;
    for (const [index, point] of points.entries()) {
      for (const cut of cutsAt(index)) {
        await naming(`${scene.name} on ${variant.name}, power cut (${cut}) at ${describe(point)}`, async () => {
          await cutOnce({ bench, variant, image, dir }, point, cut);
        });
        cuts += 1;
      }
    }
    fs.unlinkSync(image);
    return cuts;
  } finally {
    bench.close();
  }
}

interface Rig {
  bench: Bench;
  variant: Variant;
  /** The disk with the device before. */
  image: string;
  dir: string;
}

async function cutOnce({ bench, variant, image, dir }: Rig, point: Point, cut: Cut): Promise<void> {
  const disk = `${image}.run`;
  const root = `${dir}/device`;
  fs.copyFileSync(image, disk, fs.constants.COPYFILE_FICLONE);
  const foreign = await mounted(['-o', variant.options, disk], dir, async () => {
    const inodes = foreignInodes(root);
    await killAt(bench.scene.program, root, point);
    cutPower(dir, cut);
    return inodes;
  });
  await mounted(['-o', variant.options, disk], dir, async () => {
    await settle(bench, root, foreign);
  });
  fs.unlinkSync(disk);
}

it('leaves exactly one release on ext4 wherever the power goes', async (context) => {
  const base = tempDir();
  try {
    const reason = noStrace() ?? noPowerCuts(base);
    if (reason !== null) context.skip(reason);
    for (const variant of VARIANTS) {
      let cuts = 0;
      for (const scene of [APPLY, UNDO, ROLLBACK]) cuts += await cutScene(scene, variant, base);
      atLeast(`power cuts on ext4, ${variant.name}`, cuts, EXHAUSTIVE ? 1200 : 150);
    }
  } finally {
    removeDir(base);
  }
});
