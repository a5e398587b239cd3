/** Does it fit? Sums what is needed per filesystem, before the first byte is downloaded or written. Pure. */
import { UpdateError } from '../errors.ts';
import { formatBytes } from '../quantities.ts';

export interface Need {
  /** Any path on the filesystem. */
  path: string;
  bytes: number;
  inodes: number;
}

/** What a filesystem has room for. */
export interface Room {
  /** Identifies the filesystem. */
  device: number;
  /** The directory that was asked about, or the nearest one above it. */
  dir: string;
  bytes: number;
  /** Infinity on filesystems that do not count inodes (btrfs, vfat). */
  inodes: number;
}

/** Left free for other programs: journal, temp files, the owner's own doings. */
const RESERVE_BYTES = 1024 * 1024;
const RESERVE_INODES = 16;
const BLOCK = 4096;

/** What files of these sizes take on a filesystem of 4 KiB blocks. */
export function blocksOf(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + Math.ceil(size / BLOCK) * BLOCK, 0);
}

/** Throws NO_SPACE or NO_INODES naming the filesystem, what `what` needs and what is free. Needs on one filesystem add up. */
export function assertFits(needs: readonly Need[], roomAt: (path: string) => Room, what = 'the update'): void {
  const byDevice = new Map<number, { room: Room; bytes: number; inodes: number }>();
  for (const need of needs) {
    const room = roomAt(need.path);
    const sum = byDevice.get(room.device) ?? { room, bytes: RESERVE_BYTES, inodes: RESERVE_INODES };
    sum.bytes += need.bytes;
    sum.inodes += need.inodes;
    byDevice.set(room.device, sum);
  }
  for (const { room, bytes, inodes } of byDevice.values()) {
    if (bytes > room.bytes) {
      throw new UpdateError(
        'NO_SPACE',
        `the filesystem of '${room.dir}' has ${formatBytes(room.bytes)} free, and ${what} needs ${formatBytes(bytes)}`,
        {
          hint: `free ${formatBytes(bytes - room.bytes)} there (apt-get clean, journalctl --vacuum-size=50M) and try again; nothing was changed`,
          subject: room.dir,
        },
      );
    }
    if (inodes > room.inodes) {
      throw new UpdateError(
        'NO_INODES',
        `the filesystem of '${room.dir}' has ${String(room.inodes)} inodes free, and ${what} needs ${String(inodes)}`,
        {
          hint: 'delete small files there and try again; nothing was changed',
          subject: room.dir,
        },
      );
    }
  }
}
