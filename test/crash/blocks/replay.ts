/** The disks that power cuts leave, made of a log one after the other, mounted, recovered and judged. */
import { DEVICE } from '../disk/ext4.ts';
import type { Image } from '../disk/image.ts';
import { bring, copyImage, withDisk } from '../disk/image.ts';
import { mounted } from '../disk/mounts.ts';
import { assertHonest, settle } from '../kill/bench.ts';
import type { Cut } from './cuts.ts';
import type { LoggedRun } from './run.ts';

/** Calls `look` with the disk that each of these cuts leaves; they have to be in the order of the log. */
export async function replay({ device, log }: LoggedRun, cuts: readonly Cut[], look: (disk: Image, cut: Cut) => Promise<void>): Promise<void> {
  const disk = copyImage(device.image);
  let done = 0;
  for (const cut of cuts) {
    bring(
      disk,
      log.slice(done, cut.durable).filter((entry) => entry.is === 'write'),
    );
    done = cut.durable;
    const takeBack = bring(disk, cut.kept);
    await look(disk, cut);
    takeBack();
  }
}

/** Runs with a disk mounted; ext4 replays its journal first. */
export async function onDisk<T>(disk: Image, base: string, use: (root: string) => Promise<T>): Promise<T> {
  const dir = `${base}/mnt`;
  return await withDisk(disk, base, async (file) => await mounted(['-o', 'loop', file], dir, async () => await use(`${dir}/${DEVICE}`)));
}

/** Recovers the device on a disk and judges it. Answers what is wrong, or null. */
export async function flawOf({ bench, device, whenDone, ended }: LoggedRun, disk: Image, cut: Cut, base: string): Promise<string | null> {
  return await onDisk(disk, base, async (root) => {
    try {
      const world = await settle(bench, root, device.foreign);
      // What the program has said is a promise that outlives the power.
      if (cut.at >= whenDone) assertHonest(ended, world, bench.worlds);
      return null;
    } catch (error) {
      return error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
  });
}
