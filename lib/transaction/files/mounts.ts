/** Which filesystem and which mount a path is on. link(2) fails across mounts even of one filesystem: systemd makes some. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import type { Room } from '../../core/device/disk-space.ts';
import { errnoOf } from '../../core/errors.ts';
import { lstatOrNull } from './durable.ts';

/** The path itself if it is a directory, or the nearest one above it that exists. */
export function existingParent(path: string): string {
  for (let dir = path; ; dir = dirname(dir)) {
    if (lstatOrNull(dir)?.isDirectory() === true || dirname(dir) === dir) return dir;
  }
}

/** An id that two directories share when a hard link between them is possible. */
export function mountOf(dir: string): string {
  const fd = fs.openSync(dir, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    return `${String(fs.fstatSync(fd).dev)}:${mountId(fd)}`;
  } finally {
    fs.closeSync(fd);
  }
}

function mountId(fd: number): string {
  try {
    return /^mnt_id:\s*(\d+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${String(fd)}`, 'utf8'))?.[1] ?? '';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return ''; // no /proc: the device number alone decides
    throw error;
  }
}

/** What is free on the filesystem of a path, for those without privileges; its inodes are Infinity where they are not counted. */
export function freeSpaceAt(path: string): Room {
  return roomIn(existingParent(path));
}

/** The same for a directory that is there. */
export function roomIn(dir: string): Room {
  const stats = fs.statfsSync(dir);
  return {
    device: fs.statSync(dir).dev,
    dir,
    bytes: stats.bavail * stats.bsize,
    inodes: stats.files === 0 ? Number.POSITIVE_INFINITY : stats.ffree,
  };
}

/** What something is mounted on in this process's view; empty where that cannot be known. */
export function mountPoints(): string[] {
  try {
    const lines = fs.readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
    return lines.flatMap((line) => {
      const point = line.split(' ')[4];
      return point === undefined ? [] : [point.replace(/\\([0-7]{3})/g, (_whole, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))];
    });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []; // no /proc
    throw error;
  }
}
