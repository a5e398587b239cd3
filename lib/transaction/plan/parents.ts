/**
 * What lies above a target. Nothing is written below a directory that someone other than root could swap for a symlink
 * between our check and our rename (systemd-tmpfiles CVE-2018-6954 is the classic).
 */
import { dirname } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import { lstatOrNull } from '../files/durable.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { onDisk } from '../transaction-paths.ts';
import type { UnsafeDir } from './unsafe-dirs.ts';
import { othersWhoMayChange, unsafeDirs } from './unsafe-dirs.ts';

export interface Above {
  /** Directories that do not exist yet, outermost first. */
  missing: string[];
  /** A file of ours that goes away and stands where a directory has to be. */
  blockedBy: string | null;
}

export interface Parents {
  /** Examines the way to a path where something is to be put. */
  above: (path: string) => Above;
  /** Whether the way to a path leads through nothing but directories that root alone can change. */
  isSafe: (path: string) => boolean;
  /** DEST_UNSAFE when others can write to any of the directories that `above` was asked for, naming them all; else null. */
  unsafe: () => UpdateError | null;
}

/**
 * Examines the directories above paths, each once. `leaving` are the managed files that the plan removes.
 * `above` throws DEST_TYPE for a parent that is a symlink or not a directory. What others can write to is told at the end, all
 * of it at once: a plan must ask for it before anything is written.
 */
export function examineParents(place: TransactionPaths, leaving: Pick<ReadonlySet<string>, 'has'>): Parents {
  const known = new Map<string, Above>([['/', { missing: [], blockedBy: null }]]);
  const changeable = new Map<string, UnsafeDir>();
  const asked = new Set<string>();

  function examine(dir: string): Above {
    const cached = known.get(dir);
    if (cached !== undefined) return cached;
    const found = look(dir, examine(dirname(dir)));
    known.set(dir, found);
    return found;
  }

  function look(dir: string, above: Above): Above {
    if (above.blockedBy !== null || above.missing.length > 0) return { ...above, missing: [...above.missing, dir] };
    const stat = lstatOrNull(onDisk(place, dir));
    if (stat === null) return { missing: [dir], blockedBy: null };
    if (stat.isFile() && leaving.has(dir)) return { missing: [dir], blockedBy: dir };
    if (!stat.isDirectory()) {
      throw new UpdateError('DEST_TYPE', `'${dir}' is ${stat.isSymbolicLink() ? 'a symbolic link' : 'not a directory'}`, {
        hint: 'the updater writes only below real directories: put a directory there, or point the [[target]] at the real path',
      });
    }
    const who = othersWhoMayChange(stat, place.owner);
    if (who !== null) changeable.set(dir, { dir, who, uid: stat.uid });
    return { missing: [], blockedBy: null };
  }

  function above(path: string): Above {
    const found = examine(dirname(path));
    for (const dir of directoriesAbove(path)) asked.add(dir);
    return found;
  }

  function isSafe(path: string): boolean {
    try {
      examine(dirname(path));
    } catch (error) {
      if (error instanceof UpdateError) return false;
      throw error;
    }
    return !directoriesAbove(path).some((dir) => changeable.has(dir));
  }

  return {
    above,
    isSafe,
    unsafe: () =>
      unsafeDirs(
        place,
        [...changeable.values()].filter(({ dir }) => asked.has(dir)),
        (dir) => asked.has(dir),
      ),
  };
}

/** Innermost first. */
function directoriesAbove(path: string): string[] {
  const dir = dirname(path);
  return dir === path ? [] : [dir, ...directoriesAbove(dir)];
}
