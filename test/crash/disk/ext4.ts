/** Disks with ext4: made with a device on them, and cut off from their power. */
import fs from 'node:fs';
import { basename } from 'node:path';
import { copyTree } from '../kill/copy.ts';
import { foreignInodes } from '../kill/judge.ts';
import type { Image } from './image.ts';
import { readImage } from './image.ts';
import { excuse, mounted, noMounts, sh } from './mounts.ts';

const IMAGE_BYTES = 24 * 1024 * 1024;
/** Of the filesystem. */
export const BLOCK_BYTES = 1024;
/** A small journal, and none of the work that a new filesystem leaves for later. */
const MKFS = ['-q', '-F', '-b', String(BLOCK_BYTES), '-J', 'size=4', '-E', 'lazy_itable_init=0,lazy_journal_init=0,nodiscard'];

/** Makes an ext4 image. */
export function makeExt4(image: string, features: readonly string[]): void {
  fs.closeSync(fs.openSync(image, 'wx'));
  fs.truncateSync(image, IMAGE_BYTES);
  sh('mkfs.ext4', ...MKFS, ...features, image);
}

export interface DeviceImage {
  image: Image;
  /** Of the files that are not ours; the same on every copy of the image. */
  foreign: Record<string, number>;
}

/** Where a device lies on its disk. */
export const DEVICE = 'device';

/** The image of a disk with a copy of a device. Leaves nothing in the folder but an empty directory. */
export async function deviceImage(root: string, scratch: string, features: readonly string[] = []): Promise<DeviceImage> {
  const file = `${scratch}/new.ext4`;
  const dir = `${scratch}/new`;
  makeExt4(file, features);
  try {
    const foreign = await mounted(['-o', 'loop', file], dir, () => {
      copyTree(root, `${dir}/${DEVICE}`);
      // Unmounting does it only if it is mounted nowhere else: a container that starts has all of its host's mounts at first.
      sh('sync', '-f', dir);
      return Promise.resolve(foreignInodes(`${dir}/${DEVICE}`));
    });
    return { image: readImage(file), foreign };
  } finally {
    fs.unlinkSync(file);
  }
}

/** What survives of what was not synced: nothing, or what the journal of the filesystem holds. */
const CUTS = { 'no-flush': 2, flush: 1 } as const;
export type Cut = keyof typeof CUTS;

/** EXT4_IOC_SHUTDOWN, _IOR('X', 125, u32). perl-base is on every Debian, a compiler is not. */
const SHUTDOWN = 'open(my $dir, "<", $ARGV[0]) or die "$!"; my $flag = pack("L", $ARGV[1]); ioctl($dir, 0x8004587d, $flag) or die "$!";';

/** Takes the power: from now on nothing reaches the disk any more. */
export function cutPower(dir: string, cut: Cut): void {
  sh('perl', '-e', SHUTDOWN, dir, String(CUTS[cut]));
}

/** Why this kind of ext4 cannot be made and cut off here, or null when it can. */
export async function noExt4(scratch: string, features: readonly string[], options: string): Promise<string | null> {
  const file = `${scratch}/probe.ext4`;
  const dir = `${scratch}/probe`;
  try {
    makeExt4(file, features);
    await mounted(['-o', options, file], dir, () => {
      cutPower(dir, 'no-flush');
      return Promise.resolve();
    });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    fs.rmSync(file, { force: true });
  }
}

/** Why there are no power cuts here, or null when there are. Throws where root's CI would skip what it is there for. */
export async function noPowerCuts(scratch: string): Promise<string | null> {
  const unmountable = noMounts();
  if (unmountable !== null) return unmountable;
  const reason = await noExt4(scratch, [], 'loop');
  return reason === null ? null : excuse(`there are no loop devices, or no shutdown of ext4: ${reason}`);
}

/** What the kernel says of a mounted ext4: its options, and what its journal has done. */
export function kernelSays(dir: string): string {
  const mount = fs
    .readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .find((line) => line.split(' ')[1] === dir);
  const facts = `/proc/fs/ext4/${basename(mount?.split(' ')[0] ?? '')}`;
  const files = ['options', 'fc_info'].map((file) => `${facts}/${file}`).filter((file) => fs.existsSync(file));
  return files.map((file) => fs.readFileSync(file, 'utf8')).join('\n');
}
