/**
 * From what a release wants to the operations that bring it about. Reads the live tree, changes nothing.
 * Unchanged files get no operation: they are neither rewritten nor backed up.
 */
import { UpdateError } from '../core/errors.ts';
import { quotable } from '../core/release-path.ts';
import { configRule } from './config-files.ts';
import { draftChange } from './drafts.ts';
import type { Ownership } from './durable.ts';
import { isDevicePath } from './guards.ts';
import type { Place } from './place.ts';
import type { Installed, InstalledFile, Operation, PathFacts } from './types.ts';

export type Content =
  /** A file of root's own. */
  | { from: 'file'; file: string }
  /** A file below a folder of the user `pikit-update`: its path from there. */
  | { from: 'untrusted'; base: string; file: string }
  | { from: 'bytes'; bytes: Uint8Array };

/** A file as the device shall have it. */
export interface Put extends PathFacts {
  /** Renames happen in this order: assets, then code, then pages, the version file last. */
  order: number;
  config: boolean;
  content: Content;
  /** Part of the release, and so of installed.json (the version file is not). */
  listed: boolean;
  /** That of the place, unless a rollback brings back a file that belonged to somebody else. */
  owner?: Ownership;
}

export interface ChangeSet {
  puts: Put[];
  /** Managed paths that the release no longer has. */
  deletes: string[];
  installed: Installed | null;
  version: string | null;
  branch: string;
  /** A rollback: what installed.json said then, in place of a list made from `puts`. */
  restore: Installed | null;
  /** sha256 of bytes that a release is known to have brought, besides those of `installed`: no file with them is foreign. */
  known?: readonly string[];
}

export interface Plan {
  ops: Operation[];
  contents: ReadonlyMap<string, Content>;
  mkdirs: string[];
  rmdirs: string[];
  /** Managed files that the owner edited; their bytes go into the backup, and to the folder of edits. */
  drift: string[];
  /** Files that no release brought, and that this change replaces or removes; their bytes go where those of `drift` go. */
  foreign: PathFacts[];
  /** Managed files that were to go and stay: the owner has put something else there, or the way to them is not safe. */
  left: string[];
  /** `.pikit-new` files that wait for the owner. */
  kept: string[];
  after: Installed;
}

/**
 * Plans a change. Throws DEST_TYPE when a target or a directory above it is not what it has to be, or a directory with
 * foreign files stands in the way of a file; DEST_UNSAFE when others may write above a target; PATH_REFUSED for a path that
 * the journal could not hold.
 */
export function planChange(place: Place, change: ChangeSet): Plan {
  const { plan, unsafe } = foreseeChange(place, change);
  if (unsafe !== null) throw unsafe;
  return plan;
}

/** As planChange, for those who only tell of it: what others may write above a target is an answer of its own. */
export function foreseeChange(place: Place, change: ChangeSet): { plan: Plan; unsafe: UpdateError | null } {
  assertDevicePaths([...change.puts.map((put) => put.path), ...change.deletes]);
  const shipped = new Map((change.installed?.files ?? []).map((file) => [file.path, file.sha256]));
  const { puts, deletes, kept, listed } = configRule(place, change, shipped);
  const { drafts, mkdirs, drift, foreign, left, isReachable, unsafe } = draftChange(place, {
    puts,
    deletes,
    shipped,
    ourDirs: new Set(change.installed?.dirs),
    known: new Set([...shipped.values(), ...(change.known ?? [])]),
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

/** The directories of ours that are needed from now on, and those that nobody needs any more, innermost first. */
function directoriesAfter(
  change: ChangeSet,
  files: readonly InstalledFile[],
  ops: readonly Operation[],
  mkdirs: readonly string[],
): { dirs: string[]; rmdirs: string[] } {
  const made = ops.flatMap((op) => (op.new?.type === 'dir' ? op.new.dirs : []));
  const replaced = ops.flatMap((op) => (op.old?.type === 'dir' ? [op.path] : []));
  const isReplaced = (dir: string): boolean => replaced.some((gone) => dir === gone || dir.startsWith(`${gone}/`));
  const ours = [...new Set([...(change.installed?.dirs ?? []), ...mkdirs, ...made])].filter((dir) => !isReplaced(dir));
  const paths = [...files, ...change.puts].map((file) => file.path);
  const needed = (dir: string): boolean => paths.some((path) => path.startsWith(`${dir}/`));
  return { dirs: ours.filter(needed).sort(), rmdirs: ours.filter((dir) => !needed(dir)).sort((a, b) => b.length - a.length) };
}
