/** Hears of files that come, go or change in some directories (inotify), also in those that are not there yet. */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../../core/errors.ts';

/** Calls back at each change until the returned function is called. What may not be watched, or cannot any more, is left out. */
export function watchDirs(dirs: readonly string[], onChange: () => void): () => void {
  const ends = dirs.map((dir) => watchDir(dir, onChange));
  return () => {
    for (const end of ends) end();
  };
}

function watchDir(dir: string, onChange: () => void): () => void {
  let watcher: fs.FSWatcher | null = null;
  const begin = (): void => {
    watcher?.close();
    const there = nearest(dir);
    watcher = watch(there, () => {
      // A directory on the way has come: what is below it may be there by now, and more with it.
      if (there !== dir && nearest(dir) !== there) begin();
      onChange();
    });
    if (nearest(dir) !== there) begin();
  };
  begin();
  return () => {
    watcher?.close();
  };
}

/** The directory itself, or the nearest one above it that is there. */
function nearest(dir: string): string {
  return fs.existsSync(dir) || dirname(dir) === dir ? dir : nearest(dirname(dir));
}

function watch(dir: string, onChange: () => void): fs.FSWatcher | null {
  try {
    const watcher = fs.watch(dir, { persistent: false }, onChange);
    watcher.on('error', () => {
      // It was removed, or the kernel has no more to give: the units tell the rest.
      watcher.close();
    });
    return watcher;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES', 'ENOSPC', 'EMFILE'].includes(errnoOf(error) ?? '')) return null;
    throw error;
  }
}
