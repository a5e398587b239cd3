/** Names that lead to a place of the updater without looking like it: a link, or a bind mount of one of its directories. */
import fs from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { GUARDED_DIRS, isOwnPlace } from '../../core/device/closed-places.ts';

export interface Disguised {
  path: string;
  /** What it is in truth. */
  as: string;
}

/**
 * The first of some device paths that is in truth a place of the updater, or null. Directories are compared by device and
 * inode, which a bind mount keeps. What this user may not look at counts as another place: root looks again.
 */
export function disguisedPlace(root: string, paths: readonly string[]): Disguised | null {
  const guarded = new Map<string, string>();
  for (const dir of GUARDED_DIRS) {
    const id = identity(join(root, dir));
    if (id !== null && !guarded.has(id)) guarded.set(id, dir);
  }
  const known = new Map<string, string | null>();
  const guardedAs = (dir: string): string | null => {
    const seen = known.get(dir);
    if (seen !== undefined) return seen;
    const is = guarded.get(identity(join(root, dir)) ?? '') ?? null;
    known.set(dir, is);
    return is;
  };
  for (const path of paths) {
    for (let dir = dirname(path); ; dir = dirname(dir)) {
      const is = guardedAs(dir);
      const as = is === null ? null : posix.join(is, path.slice(dir.length));
      if (as !== null && as !== path && isOwnPlace(as)) return { path, as };
      if (dirname(dir) === dir) break;
    }
  }
  return null;
}

function identity(dir: string): string | null {
  try {
    const stat = fs.statSync(dir, { throwIfNoEntry: false });
    return stat?.isDirectory() === true ? `${String(stat.dev)}:${String(stat.ino)}` : null;
  } catch {
    // Safe to ignore: root looks again before it writes, and refuses to write below what it cannot look at.
    return null;
  }
}
