/**
 * A device's folder as '/' of one process: what is in it lies over the machine's own files, and what the process writes goes into
 * it. For programs that talk to systemd only where '/' is the device. Needs root with CAP_SYS_ADMIN, and overlay filesystems.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { resolve } from 'node:path';
import { onTestFinished } from 'vitest';
import { canMount } from './mount.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');
/** In a namespace of its own, whose mounts end with the process. */
const ENTER = `set -e; root=$1; repository=$2; shift 2
mount -t overlay -o "lowerdir=/,upperdir=$root,workdir=$root.work" none "$root.merged"
for dir in /proc /dev "$repository"; do mkdir -p "$root.merged$dir"; mount --rbind "$dir" "$root.merged$dir"; done
exec chroot "$root.merged" "$@"`;

/** A command that becomes the one after it, with this folder over '/'. */
export function withinRoot(root: string): string[] {
  const beside = [`${root}.work`, `${root}.merged`];
  for (const dir of beside) fs.mkdirSync(dir, { recursive: true });
  onTestFinished(() => {
    for (const dir of beside) fs.rmSync(dir, { recursive: true, force: true });
  });
  return ['unshare', '--mount', 'sh', '-c', ENTER, 'sh', root, REPOSITORY];
}

/** Whether that can be done here, with Node in it. */
export function canHaveOwnRoot(): boolean {
  if (!canMount()) return false;
  const root = fs.mkdtempSync('/dev/shm/pikit-root-');
  const beside = [`${root}.work`, `${root}.merged`];
  for (const dir of beside) fs.mkdirSync(dir);
  const tried = spawnSync('unshare', ['--mount', 'sh', '-c', ENTER, 'sh', root, REPOSITORY, process.execPath, '--version']);
  for (const dir of [root, ...beside]) fs.rmSync(dir, { recursive: true, force: true });
  return tried.status === 0;
}
