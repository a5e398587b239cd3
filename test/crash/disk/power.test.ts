/**
 * The power goes at a system call of a scene, on a real ext4: the process is killed there, the filesystem is cut off from its
 * disk, mounted again (which replays its journal), recovered and judged. ext4 orders its metadata, so this cannot replace the
 * model, which knows that POSIX does not.
 */
import assert from 'node:assert/strict';
import { it } from 'vitest';
import { removeDir, tempDir } from '../../helpers/tree.ts';
import { openBench, settle } from '../kill/bench.ts';
import type { Bench, Scene } from '../kill/bench.ts';
import { describe, naming } from '../kill/kill.ts';
import { APPLY, APPLY_200_FILES, APPLY_OVER_DRIFT, ROLLBACK, UNDO } from '../kill/scenes.ts';
import type { Point } from '../kill/strace.ts';
import { killAt, noStrace, tracePoints } from '../kill/strace.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import type { Cut, DeviceImage } from './ext4.ts';
import { DEVICE, cutPower, deviceImage, kernelSays, noExt4, noPowerCuts } from './ext4.ts';
import { readImage, withDisk } from './image.ts';
import { mounted } from './mounts.ts';

interface Variant {
  name: string;
  features: readonly string[];
  options: string;
  /** What the kernel has to say at least once, or something else was tested. */
  proof: RegExp;
  /** The run cuts at every so many points, and so often in all. */
  stride: number;
  cuts: number;
}

/**
 * Linux does not mount a disk whose power went when fast commits had filled their area to its last block (seen on 6.18):
 * e2fsck has to mend that. So the area has more room than a scene takes.
 */
const FAST_COMMIT = ['-O', 'fast_commit', '-J', 'fast_commit_size=1024'];

const NUMBERS = EXHAUSTIVE
  ? { ordered: { stride: 2, cuts: 1200 }, other: { stride: 6, cuts: 400 } }
  : { ordered: { stride: 81, cuts: 12 }, other: { stride: 161, cuts: 6 } };

const VARIANTS: readonly Variant[] = [
  { name: 'data=ordered', features: [], options: 'loop,data=ordered', proof: /^data=ordered$/m, ...NUMBERS.ordered },
  { name: 'data=writeback', features: [], options: 'loop,data=writeback', proof: /^data=writeback$/m, ...NUMBERS.other },
  { name: 'fast_commit', features: FAST_COMMIT, options: 'loop', proof: /^[1-9]\d* commits$/m, ...NUMBERS.other },
];

/** The exhaustive run makes both cuts, and at every so many of these points, times the stride of the variant. */
const SCENES: readonly { scene: Scene; stride: number }[] = [
  { scene: APPLY, stride: 1 },
  { scene: UNDO, stride: 1 },
  { scene: ROLLBACK, stride: 1 },
  { scene: APPLY_OVER_DRIFT, stride: 1 },
  ...(EXHAUSTIVE ? [{ scene: APPLY_200_FILES, stride: 17 }] : []),
];

interface Rig {
  bench: Bench;
  variant: Variant;
  device: DeviceImage;
  base: string;
}

/** Cuts at the points of a scene. Answers how often, and whether the kernel did what the variant is about. */
async function cutScene(scene: Scene, stride: number, variant: Variant, base: string): Promise<{ cuts: number; isProven: boolean }> {
  const bench = await openBench(scene);
  try {
    const { points } = await bench.onCopy(async (root) => await tracePoints(scene.program, root));
    const rig = { bench, variant, base, device: await deviceImage(bench.root, base, variant.features) };
    const done = { cuts: 0, isProven: false };
    for (const { point, cut } of cutsAt(points, stride, variant)) {
      await naming(`${scene.name} on ${variant.name}, power cut (${cut}) at ${describe(point)}`, async () => {
        const said = await cutOnce(rig, point, cut);
        done.isProven ||= variant.proof.test(said);
      });
      done.cuts += 1;
    }
    return done;
  } finally {
    bench.close();
  }
}

/** Both cuts at every so many points, or in turn at fewer. */
function cutsAt(points: readonly Point[], stride: number, variant: Variant): { point: Point; cut: Cut }[] {
  if (EXHAUSTIVE) {
    return points
      .filter((_, index) => index % (stride * variant.stride) === 0)
      .flatMap((point) => [
        { point, cut: 'no-flush' },
        { point, cut: 'flush' },
      ]);
  }
  return points.filter((_, index) => index % variant.stride === 1).map((point, n) => ({ point, cut: n % 2 === 0 ? 'no-flush' : 'flush' }));
}

/** Answers what the kernel said of the filesystem when the power went. */
async function cutOnce({ bench, variant, device, base }: Rig, point: Point, cut: Cut): Promise<string> {
  const dir = `${base}/mnt`;
  const mount = async <T>(file: string, use: () => Promise<T>): Promise<T> => await mounted(['-o', variant.options, file], dir, use);
  const { said, left } = await withDisk(device.image, base, async (file) => {
    const text = await mount(file, async () => {
      await killAt(bench.scene.program, `${dir}/${DEVICE}`, point);
      const last = kernelSays(dir);
      cutPower(dir, cut);
      return last;
    });
    return { said: text, left: readImage(file) };
  });
  await withDisk(left, base, async (file) => {
    await mount(file, async () => {
      await settle(bench, `${dir}/${DEVICE}`, device.foreign);
    });
  });
  return said;
}

it.for(VARIANTS)('leaves exactly one release on ext4 wherever the power goes: $name', async (variant, context) => {
  const base = tempDir();
  try {
    const reason = noStrace() ?? (await noPowerCuts(base)) ?? (await noExt4(base, variant.features, variant.options));
    if (reason !== null) context.skip(reason);
    let cuts = 0;
    let isProven = false;
    for (const { scene, stride } of SCENES) {
      const done = await cutScene(scene, stride, variant, base);
      cuts += done.cuts;
      isProven ||= done.isProven;
    }
    assert.ok(isProven, `the kernel never said ${String(variant.proof)}`);
    atLeast(`power cuts on ext4, ${variant.name}`, cuts, variant.cuts);
  } finally {
    removeDir(base);
  }
});
