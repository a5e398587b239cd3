/** Filesystems for one test: mounted, cut off from their disk, and gone afterwards whatever happened. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { canMount } from '../../helpers/mount.ts';

function sh(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Mounts, runs, and unmounts. */
export async function mounted<T>(args: readonly string[], dir: string, use: () => Promise<T>): Promise<T> {
  fs.mkdirSync(dir, { recursive: true });
  sh('mount', ...args, dir);
  try {
    return await use();
  } finally {
    sh('umount', dir);
  }
}

/** Changes the limits of a mounted filesystem. */
export function remount(dir: string, options: string): void {
  sh('mount', '-o', `remount,${options}`, dir);
}

const IMAGE_BYTES = 24 * 1024 * 1024;
/** A small journal, and none of the work that a new filesystem leaves for later. */
const MKFS = ['-q', '-F', '-J', 'size=4', '-E', 'lazy_itable_init=0,lazy_journal_init=0,nodiscard'];

/** Makes an ext4 image. */
export function makeExt4(image: string, features: readonly string[]): void {
  fs.closeSync(fs.openSync(image, 'w'));
  fs.truncateSync(image, IMAGE_BYTES);
  sh('mkfs.ext4', ...MKFS, ...features, image);
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

/** Why nothing can be mounted here, or null when it can. Throws where root's CI would skip what it is there for. */
export function noMounts(): string | null {
  return canMount() ? null : excuse('this process may not mount');
}

function excuse(reason: string): string {
  if (process.env['CI'] === 'true' && process.getuid?.() === 0) throw new Error(reason);
  return reason;
}

/** Why power cuts cannot be made here, or null when they can; throws as noMounts() does. */
export function noPowerCuts(scratch: string): string | null {
  const unmountable = noMounts();
  if (unmountable !== null) return unmountable;
  const image = `${scratch}/probe.ext4`;
  try {
    makeExt4(image, []);
    fs.mkdirSync(`${scratch}/probe`);
    sh('mount', '-o', 'loop', image, `${scratch}/probe`);
    try {
      cutPower(`${scratch}/probe`, 'no-flush');
    } finally {
      sh('umount', `${scratch}/probe`);
    }
    return null;
  } catch (error) {
    return excuse(`there are no loop devices, or no shutdown of ext4: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    fs.rmSync(image, { force: true });
  }
}
