/**
 * A folder that its owner has moved behind a symlink since the last update. An update leaves the old paths alone and goes by the
 * configuration; a rollback knows only the old paths, so they are followed to where the files are now. Nothing is written
 * through the link: what it leads to has to be a place that the configuration names, and is checked like any other.
 */
import fs from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { lstatOrNull } from '../files/durable.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { onDisk } from '../transaction-paths.ts';
import type { ChangeSet, Installed } from '../types.ts';

/** The same change, with each path where it is now, if that `isTarget`. Reads the live tree, changes nothing. */
export function followMoved(place: TransactionPaths, change: ChangeSet, isTarget: (path: string) => boolean): ChangeSet {
  const known = new Map<string, string>();
  const now = (path: string): string => {
    const dir = known.get(dirname(path)) ?? realDir(place, dirname(path));
    known.set(dirname(path), dir);
    const found = join(dir, basename(path));
    return found !== path && isTarget(found) ? found : path;
  };
  const listed = (list: Installed | null): Installed | null =>
    list === null ? null : { ...list, files: list.files.map((file) => ({ ...file, path: now(file.path) })), dirs: list.dirs.map(now) };
  return {
    ...change,
    puts: change.puts.map((put) => ({ ...put, path: now(put.path) })),
    deletes: change.deletes.map(now),
    installed: listed(change.installed),
    restore: listed(change.restore),
  };
}

/** The device path of a directory without symlinks in it, as far as it exists; as it was where it leads out of the device. */
function realDir(place: TransactionPaths, dir: string): string {
  if (lstatOrNull(onDisk(place, dir)) === null) return dir === '/' ? dir : join(realDir(place, dirname(dir)), basename(dir));
  try {
    const found = relative(fs.realpathSync(place.root), fs.realpathSync(onDisk(place, dir)));
    return found.startsWith('..') ? dir : join('/', found);
  } catch {
    // Safe to ignore: a link that leads nowhere is what the plan refuses, and names.
    return dir;
  }
}
