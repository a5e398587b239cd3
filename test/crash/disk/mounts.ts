/** Filesystems for one test: mounted, and gone afterwards whatever happened. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { canMount } from '../../helpers/mount.ts';

/** Runs a command; what it says is in the error if it fails. */
export function sh(command: string, ...args: string[]): void {
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

/** Unmounts what another run may have left mounted. */
export function unmountIfThere(path: string): void {
  if (fs.readFileSync('/proc/self/mounts', 'utf8').includes(` ${path} `)) sh('umount', '--lazy', path);
}

/** Changes the limits of a mounted filesystem. */
export function remount(dir: string, options: string): void {
  sh('mount', '-o', `remount,${options}`, dir);
}

/** Why nothing can be mounted here, or null when it can. Throws where root's CI would skip what it is there for. */
export function noMounts(): string | null {
  return canMount() ? null : excuse('this process may not mount');
}

/** A reason to skip a suite; throws it instead where root's CI would skip what it is there for. */
export function excuse(reason: string): string {
  if (process.env['CI'] === 'true' && process.getuid?.() === 0) throw new Error(reason);
  return reason;
}
