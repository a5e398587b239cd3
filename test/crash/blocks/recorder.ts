/**
 * A filesystem on a disk that keeps a log: qemu's storage daemon shows the disk as a file, with FUSE, and a loop device makes
 * a disk of that again. No device mapper is needed, and no driver of ours is in between.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { makeExt4 } from '../disk/ext4.ts';
import { excuse, mounted, noMounts, unmountIfThere } from '../disk/mounts.ts';
import type { Entry } from './log.ts';
import { entriesIn, readLog } from './log.ts';

/** Far more than it takes: then it hangs, and is killed. */
const DEADLINE_MS = 300_000;

export interface Recording<T> {
  /** From the mount to the end of the unmount. */
  log: Entry[];
  /** How many entries there were when it was done, and the unmount began. */
  whenDone: number;
  answer: T;
}

/** Mounts an image on `<image>.mnt`, keeps a log of all that is written to it, and runs. What is written is in the image afterwards. */
export async function recorded<T>(image: string, use: (dir: string) => Promise<T>): Promise<Recording<T>> {
  const [log, shown] = [`${image}.log`, `${image}.shown`];
  for (const file of [log, shown]) fs.writeFileSync(file, '');
  const done = await withDaemon(image, log, shown, async () => {
    return await mounted(['-o', 'loop', shown], `${image}.mnt`, async () => {
      const answer = await use(`${image}.mnt`);
      return { answer, whenDone: entriesIn(fs.readFileSync(log)) };
    });
  });
  const bytes = fs.readFileSync(log);
  for (const file of [log, shown]) fs.unlinkSync(file);
  return { log: readLog(bytes), ...done };
}

function daemonOn(image: string, log: string, shown: string): string[] {
  const options = [
    ['--blockdev', `driver=file,node-name=image,filename=${image}`],
    ['--blockdev', `driver=file,node-name=log,filename=${log}`],
    // The number of entries is right after each of them, not only after a flush.
    ['--blockdev', 'driver=blklogwrites,node-name=logged,file=image,log=log,log-sector-size=512,log-super-update-interval=1'],
    ['--export', `type=fuse,id=shown,node-name=logged,mountpoint=${shown},writable=on,growable=off`],
    // It greets when all of the above is there.
    ['--chardev', 'stdio,id=qmp'],
    ['--monitor', 'qmp'],
  ];
  return options.flat();
}

/** Runs while the daemon does, and ends it. */
async function withDaemon<T>(image: string, log: string, shown: string, use: () => Promise<T>): Promise<T> {
  const child = spawn('qemu-storage-daemon', daemonOn(image, log, shown), { timeout: DEADLINE_MS, killSignal: 'SIGKILL' });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (some: string) => (said += some));
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      resolve();
    });
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', () => {
        reject(new Error(`qemu-storage-daemon ended: ${said}`));
      });
      child.stdout.once('data', () => {
        resolve();
      });
    });
    return await use();
  } finally {
    child.kill();
    await ended;
    // One that was killed leaves its mount.
    unmountIfThere(shown);
  }
}

/** Why no log of a disk can be kept here, or null when it can. Throws where root's CI would skip what it is there for. */
export async function noLog(scratch: string): Promise<string | null> {
  const unmountable = noMounts();
  if (unmountable !== null) return unmountable;
  const image = `${scratch}/probe`;
  try {
    makeExt4(image, []);
    const { log } = await recorded(image, () => Promise.resolve());
    return log.some(({ is }) => is === 'flush') ? null : excuse('flushes do not reach the log of a disk');
  } catch (error) {
    return excuse(`no disk can keep a log: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    fs.rmSync(image, { force: true });
  }
}
