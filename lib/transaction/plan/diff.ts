/** Each wanted path against the live tree: what it holds before, what it shall hold, and what that takes. */
import { UpdateError } from '../../core/errors.ts';
import { VERSION_FILE } from '../../core/device/paths.ts';
import { lstatOrNull } from '../files/durable.ts';
import { readManagedFile, readLivePath } from './live-files.ts';
import type { Parents } from './parents.ts';
import { examineParents } from './parents.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { onDisk } from '../transaction-paths.ts';
import type { Operation, OwnedFile, Put } from '../types.ts';

export interface WantedPath {
  puts: readonly Put[];
  deletes: readonly string[];
  /** Path to sha256 of what the installed release brought. */
  shipped: ReadonlyMap<string, string>;
  /** Directories that we made. */
  ourDirs: ReadonlySet<string>;
  /** sha256 of bytes that a release brought, wherever: a file with them that has been moved is still ours. */
  known: ReadonlySet<string>;
  /** Puts also what is there already. */
  anew?: boolean;
}

/** An operation without its place in the order. */
type Draft = Omit<Operation, 'n'> & { order: number };

interface Drafting {
  place: TransactionPaths;
  wanted: WantedPath;
  parents: Parents;
  /** Managed files that go away, less those that go with a directory. */
  leaving: Set<string>;
  drafts: Map<string, Draft>;
  mkdirs: Set<string>;
  drift: string[];
  foreign: OwnedFile[];
  left: string[];
  /** The inodes at the paths of `puts`; read on first use. */
  replaced: Set<string | null> | null;
}

/** What draftChange() finds. */
interface Drafted {
  drafts: Draft[];
  mkdirs: string[];
  drift: string[];
  foreign: OwnedFile[];
  left: string[];
  /** Whether a path can be removed without going through anything that is not a directory of root's. */
  isReachable: (path: string) => boolean;
  /** DEST_UNSAFE when others can write to a directory above anything that is put: it may be told, and not be done. */
  unsafe: UpdateError | null;
}

/** Deletions come after everything else. */
const DELETE_ORDER = 1000;

/** Compares everything wanted with what is there. Throws DEST_TYPE as planChange() does. */
export function diffAgainstDevice(place: TransactionPaths, wanted: WantedPath): Drafted {
  const leaving = new Set(wanted.deletes);
  const parents = examineParents(place, leaving);
  const drafting: Drafting = {
    place,
    wanted,
    parents,
    leaving,
    drafts: new Map(),
    mkdirs: new Set(),
    drift: [],
    foreign: [],
    left: [],
    replaced: null,
  };
  parents.above(`${place.backups}/any`);
  for (const put of wanted.puts) draftPut(drafting, put);
  for (const path of leaving) draftDelete(drafting, path);
  const { drafts, mkdirs, drift, foreign, left } = drafting;
  return { drafts: [...drafts.values()], mkdirs: [...mkdirs], drift, foreign, left, isReachable: parents.isSafe, unsafe: parents.unsafe() };
}

function draftPut(drafting: Drafting, put: Put): void {
  const { place, parents, leaving, drafts, mkdirs, wanted } = drafting;
  const above = parents.above(put.path);
  if (above.blockedBy !== null) {
    addToNewDirectory(drafting, above.blockedBy, above.missing, put);
    return;
  }
  const fresh = factsOf(place, put);
  const live = above.missing.length > 0 ? null : readLivePath(place, put.path, { files: leaving, dirs: wanted.ourDirs });
  if (live?.type === 'file' && isSame(live.file, fresh) && wanted.anew !== true) return;
  for (const dir of above.missing) mkdirs.add(dir);
  drafts.set(put.path, { path: put.path, order: put.order, old: live, new: { type: 'file', file: fresh } });
  if (live?.type === 'file' && live.file.sha256 !== fresh.sha256) noteOwners(drafting, live.file);
  if (live?.type !== 'dir') return;
  for (const file of live.files) {
    leaving.delete(file.path);
    noteOwners(drafting, file);
  }
}

/**
 * A file that is only removed is no obstacle. Where it is no file any more, or lies behind a symlink or below a
 * directory of another user, it is the owner's business: it is left, and named.
 */
function draftDelete(drafting: Drafting, path: string): void {
  const { place, parents, drafts } = drafting;
  if (!parents.isSafe(path)) {
    if (!isBroughtElsewhere(drafting, path)) drafting.left.push(path);
    return;
  }
  const file = readManagedFile(place, path);
  if (file === null) return;
  if (file === 'foreign') {
    drafting.drift.push(path);
    drafting.left.push(path);
    return;
  }
  const draft = drafts.get(path);
  if (draft === undefined) drafts.set(path, { path, order: DELETE_ORDER, old: { type: 'file', file }, new: null });
  else draft.old = { type: 'file', file };
  noteOwners(drafting, file);
}

/** Nothing is left where nothing is, or where a symlink leads to the very file in the place of which a new one is put. */
function isBroughtElsewhere(drafting: Drafting, path: string): boolean {
  const { place, wanted } = drafting;
  const inode = inodeOf(place, path);
  if (inode === null) return true;
  drafting.replaced ??= new Set(wanted.puts.map((put) => inodeOf(place, put.path)));
  return drafting.replaced.has(inode);
}

function inodeOf(place: TransactionPaths, path: string): string | null {
  const stat = lstatOrNull(onDisk(place, path));
  return stat === null ? null : `${String(stat.dev)}:${String(stat.ino)}`;
}

/** A file of ours makes room for a directory: the directory is prepared whole, and renamed to its place in one go. */
function addToNewDirectory({ place, drafts }: Drafting, path: string, missing: readonly string[], put: Put): void {
  const draft = drafts.get(path) ?? { path, order: put.order, old: null, new: { type: 'dir' as const, dirs: [], files: [] } };
  if (draft.new?.type !== 'dir') throw new UpdateError('INTERNAL', `'${path}' is planned as a file and as a directory`);
  for (const dir of missing) if (!draft.new.dirs.includes(dir)) draft.new.dirs.push(dir);
  draft.new.files.push(factsOf(place, put));
  draft.order = Math.max(draft.order, put.order);
  drafts.set(path, draft);
}

/** Bytes that are the owner's: an edit of a file of ours, or a file that no release brought. The version file is always ours. */
function noteOwners({ wanted, drift, foreign }: Drafting, file: OwnedFile): void {
  const was = wanted.shipped.get(file.path);
  if (was === undefined) {
    if (file.path !== VERSION_FILE && !wanted.known.has(file.sha256)) foreign.push(file);
  } else if (was !== file.sha256) {
    drift.push(file.path);
  }
}

function factsOf(place: TransactionPaths, put: Put): OwnedFile {
  const { uid, gid } = put.owner ?? place.owner;
  return { path: put.path, sha256: put.sha256, size: put.size, mode: put.mode, uid, gid };
}

/** Whether an operation puts what is there already. */
export function isPutAnew({ old, new: fresh }: Pick<Operation, 'old' | 'new'>): boolean {
  return old?.type === 'file' && fresh?.type === 'file' && isSame(old.file, fresh.file);
}

function isSame(live: OwnedFile, fresh: OwnedFile): boolean {
  return live.sha256 === fresh.sha256 && live.mode === fresh.mode && live.uid === fresh.uid && live.gid === fresh.gid;
}
