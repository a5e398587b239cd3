/**
 * One moment at which much is made durable at once. A flush for each file costs some 16 KiB of journal on the card and 5 to 20 ms of
 * waiting: 6,032 of them in one update of 1,300 files (docs/reliability.md). What is written between two phases of a transaction
 * needs no order of its own, only to be durable before the next phase begins.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { fsyncDir, lstatOrNull, openToRead } from './durable.ts';
import type { Sync } from './durable.ts';
import { hasSyncfs, syncfs } from './syncfs.ts';

const { O_RDONLY, O_DIRECTORY } = fs.constants;
/** So few are flushed one by one: that is no slower, and leaves alone what other programs are about to write. */
const FEW = 8;

export interface Barrier extends Sync {
  /** Makes all that was noted durable, or throws the error of the disk. */
  pass: () => void;
  close: () => void;
}

/**
 * Held before the first write: from then on no error of writing back is missed. `places` are on the filesystems that will be written
 * to, and need not exist; what turns out to be on another one is flushed at once. To be closed.
 */
export function holdBarrier(places: readonly string[]): Barrier {
  const held = new Map<number, number>();
  const files = new Set<string>();
  const dirs = new Set<string>();
  const canAtOnce = hasSyncfs();
  if (canAtOnce) for (const place of new Set(places.map(existingAbove))) hold(held, place);

  const isHeld = (stat: fs.Stats): boolean => !canAtOnce || held.has(stat.dev);

  function oneByOne(): void {
    for (const file of files) {
      const fd = openToRead(file);
      try {
        fs.fsyncSync(fd);
      } finally {
        fs.closeSync(fd);
      }
    }
    // One that is gone by now was emptied before.
    for (const dir of dirs) if (lstatOrNull(dir) !== null) fsyncDir(dir);
  }

  return {
    file(fd, path) {
      if (isHeld(fs.fstatSync(fd))) files.add(path);
      else fs.fsyncSync(fd);
    },
    dir(path) {
      if (isHeld(fs.statSync(path))) dirs.add(path);
      else fsyncDir(path);
    },
    pass() {
      // All or none: where one of the filesystems cannot be asked, nothing is known of the others' files by name only.
      if (files.size + dirs.size <= FEW || !canAtOnce || ![...held.values()].every((fd) => syncfs(fd))) oneByOne();
      files.clear();
      dirs.clear();
    },
    close() {
      for (const fd of held.values()) fs.closeSync(fd);
      held.clear();
    },
  };
}

/** Runs `act` with a barrier that is passed when it has returned. Where it throws, nothing is known to be durable. */
export function withBarrier<T>(places: readonly string[], act: (barrier: Barrier) => T): T {
  const barrier = holdBarrier(places);
  try {
    const result = act(barrier);
    barrier.pass();
    return result;
  } finally {
    barrier.close();
  }
}

function existingAbove(path: string): string {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? path : existingAbove(dirname(path));
}

function hold(held: Map<number, number>, dir: string): void {
  const fd = fs.openSync(dir, O_RDONLY | O_DIRECTORY);
  const { dev } = fs.fstatSync(fd);
  if (held.has(dev)) fs.closeSync(fd);
  else held.set(dev, fd);
}
