/** A scene as its disk saw it: the real program, run once on a disk that keeps a log. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { join } from 'node:path';
import { run } from '../../helpers/bed-run.ts';
import type { DeviceImage } from '../disk/ext4.ts';
import { DEVICE, deviceImage } from '../disk/ext4.ts';
import { bring, copyImage, readImage, saveImage } from '../disk/image.ts';
import type { Bench } from '../kill/bench.ts';
import type { Ended } from '../kill/strace.ts';
import type { Entry } from './log.ts';
import { recorded } from './recorder.ts';

export interface LoggedRun {
  bench: Bench;
  /** The device before. */
  device: DeviceImage;
  /** From the mount to the end of the unmount, which writes what ext4 had put off. */
  log: readonly Entry[];
  /** How many entries there were when the program had ended. */
  whenDone: number;
  ended: Ended;
}

/** Runs the program of a scene from a folder of built programs. Throws unless all that has changed the disk is in the log. */
export async function runLogged(bench: Bench, dist: string, base: string): Promise<LoggedRun> {
  const device = await deviceImage(bench.root, base);
  const file = `${base}/logged`;
  saveImage(device.image, file);
  try {
    const { log, whenDone, answer } = await recorded(file, async (dir) => {
      const env = { PIKIT_ROOT: `${dir}/${DEVICE}`, UV_USE_IO_URING: '0' };
      return await run(process.execPath, [join(dist, `${bench.scene.program}.js`)], { env });
    });
    assertComplete(device, log, file);
    return { bench, device, log, whenDone, ended: { code: answer.exitCode, text: answer.stdout + answer.stderr } };
  } finally {
    fs.unlinkSync(file);
  }
}

/** A log that lacks something, or that is read wrongly, gives disks that no power cut can leave. */
function assertComplete({ image }: DeviceImage, log: readonly Entry[], file: string): void {
  const writes = log.filter((entry) => entry.is === 'write');
  assert.ok(writes.length > 0, 'nothing was written');
  assert.ok(writes.length < log.length, 'nothing was flushed');
  const replayed = copyImage(image);
  bring(replayed, writes);
  assert.ok(replayed.bytes.equals(readImage(file).bytes), 'the disk is not what its log says');
}
