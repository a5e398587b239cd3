/**
 * From what a release wants to the operations that bring it about. Reads the live tree, changes nothing.
 * Unchanged files get no operation, they are neither rewritten nor backed up, unless all are to be put anew.
 */
import { dirname } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import { quotable } from '../../core/release/release-path.ts';
import { configRule } from './config-files.ts';
import { diffAgainstDevice } from './diff.ts';
import { isDevicePath } from '../schemas.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import type { ChangeSet, InstalledFile, Operation, Plan } from '../types.ts';

/**
 * Plans a change. Throws DEST_TYPE when a target or a directory above it is not what it has to be, or a directory with
 * foreign files stands in the way of a file; DEST_UNSAFE when others may write above a target; PATH_REFUSED for a path that
 * the journal could not hold.
 */
export function planChange(place: TransactionPaths, change: ChangeSet): Plan {
  const { plan, unsafe } = foreseeChange(place, change);
  if (unsafe !== null) throw unsafe;
  return plan;
}

/** As planChange, for those who only tell of it: what others may write above a target is an answer of its own. */
export function foreseeChange(place: TransactionPaths, change: ChangeSet): { plan: Plan; unsafe: UpdateError | null } {
  assertDevicePaths([...change.puts.map((put) => put.path), ...change.deletes]);
  const shipped = new Map((change.installed?.files ?? []).map((file) => [file.path, file.sha256]));
  const { puts, deletes, kept, listed } = configRule(place, change, shipped);
  const { drafts, mkdirs, drift, foreign, left, isReachable, unsafe } = diffAgainstDevice(place, {
    puts,
    deletes,
    shipped,
    ourDirs: new Set(change.installed?.dirs),
    known: new Set([...shipped.values(), ...(change.known ?? [])]),
    anew: change.anew ?? false,
  });
  const ops = drafts
    .sort((a, b) => a.order - b.order || (a.path < b.path ? -1 : 1))
    .map(({ path, old, new: fresh }, index) => ({ n: index + 1, path, old, new: fresh }));
  const files = change.restore?.files ?? listed;
  const { dirs, rmdirs } = directoriesAfter(change, files, ops, mkdirs);
  const after = change.restore ?? { schema: 1, version: change.version, branch: change.branch, files, dirs };
  const contents = new Map(puts.map((put) => [put.path, put.content]));
  return { plan: { ops, contents, mkdirs, rmdirs: rmdirs.filter(isReachable), drift, foreign, left, kept, after }, unsafe };
}

/** Recovery refuses a journal with any other path: better to find that out before it is written. */
function assertDevicePaths(paths: readonly string[]): void {
  const allowed = (path: string): boolean => isDevicePath(path);
  const odd = paths.find((path) => !allowed(path));
  if (odd === undefined) return;
  throw new UpdateError('PATH_REFUSED', `'${quotable(odd)}' is not an absolute path without control characters, '.' and '..'`, {
    hint: 'change the [[target]] in the configuration',
  });
}

/** The directories of ours that are needed from now on, and those that are no longer needed, innermost first. */
function directoriesAfter(
  change: ChangeSet,
  files: readonly InstalledFile[],
  ops: readonly Operation[],
  mkdirs: readonly string[],
): { dirs: string[]; rmdirs: string[] } {
  const made = ops.flatMap((op) => (op.new?.type === 'dir' ? op.new.dirs : []));
  const replaced = new Set(ops.flatMap((op) => (op.old?.type === 'dir' ? [op.path] : [])));
  const isReplaced = (dir: string): boolean => {
    for (let above = dir; above !== '/'; above = dirname(above)) if (replaced.has(above)) return true;
    return false;
  };
  const ours = [...new Set([...(change.installed?.dirs ?? []), ...mkdirs, ...made])].filter((dir) => !isReplaced(dir));
  const needed = parentsOf([...files, ...change.puts]);
  return {
    dirs: ours.filter((dir) => needed.has(dir)).sort(),
    rmdirs: ours.filter((dir) => !needed.has(dir)).sort((a, b) => b.length - a.length),
  };
}

/** Every directory above the files, each visited once: a release may have as many directories as files. */
function parentsOf(files: readonly { path: string }[]): Set<string> {
  const parents = new Set<string>();
  for (const { path } of files) {
    for (let dir = dirname(path); dir !== '/' && !parents.has(dir); dir = dirname(dir)) parents.add(dir);
  }
  return parents;
}
