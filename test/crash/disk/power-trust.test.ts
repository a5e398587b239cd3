/**
 * The power goes at a system call with which check follows three new roots, and with which apply takes them over, on a real ext4: cut
 * off from its disk, mounted again, and judged as in the model, which knows more of what can be lost.
 */
import fs from 'node:fs';
import { it } from 'vitest';
import { removeDir, tempDir } from '../../helpers/tree.ts';
import { describe, naming } from '../kill/kill.ts';
import { killAt, noStrace } from '../kill/strace.ts';
import type { Played } from '../kill/trust-bench.ts';
import { openTrustBench } from '../kill/trust-bench.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';
import { judge } from '../trust/judge.ts';
import { DEVICE, cutPower, deviceImage, noPowerCuts } from './ext4.ts';
import { readImage, withDisk } from './image.ts';
import { mounted } from './mounts.ts';

const PLAYED: readonly Played[] = [
  { scene: 'check-three-roots', program: 'check', stride: 16 },
  { scene: 'apply-three-roots', program: 'apply', stride: 16 },
];

/** Cuts at the calls of one scene. Answers how often. */
async function cutIn(played: Played, base: string): Promise<number> {
  const { course, start, args, points } = await openTrustBench(played, base);
  const { image } = await deviceImage(start, base);
  const dir = `${base}/mnt`;
  const root = `${dir}/${DEVICE}`;
  const mount = async <T>(file: string, use: () => Promise<T>): Promise<T> => await mounted(['-o', 'loop', file], dir, use);
  for (const [index, point] of points.entries()) {
    const cut = index % 2 === 0 ? 'no-flush' : 'flush';
    await naming(`${played.scene}, power cut (${cut}) at ${describe(point)}`, async () => {
      const left = await withDisk(image, base, async (file) => {
        await mount(file, async () => {
          await killAt(played.program, root, point, args);
          cutPower(dir, cut);
        });
        return readImage(file);
      });
      await withDisk(left, base, async (file) => {
        await mount(file, async () => {
          await judge(course, root, { isOver: false, isNext: false, isWhole: index % 3 === 0 });
        });
      });
    });
  }
  return points.length;
}

it('leaves a device on ext4 that trusts what it did or what it was to, wherever the power goes', async (context) => {
  const base = tempDir();
  try {
    const reason = noStrace() ?? (await noPowerCuts(base));
    if (reason !== null) context.skip(reason);
    let cuts = 0;
    for (const played of PLAYED) {
      fs.mkdirSync(`${base}/${played.scene}`);
      cuts += await cutIn(played, `${base}/${played.scene}`);
    }
    atLeast('power cuts on ext4, trust state', cuts, EXHAUSTIVE ? 150 : 4);
  } finally {
    removeDir(base);
  }
});
