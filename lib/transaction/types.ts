/** What a transaction is made of. All paths are device paths (`/var/www/…`), whatever folder stands for `/`. */
import type { ErrorCode } from '../core/errors.ts';
import type { SignedBy } from '../core/trust/trust-state.ts';
import type { Ownership } from './files/durable.ts';

export interface FileFacts {
  sha256: string;
  size: number;
  mode: number;
}

export interface PathFacts extends FileFacts {
  path: string;
}

export interface OwnedFile extends PathFacts {
  uid: number;
  gid: number;
}

/** What a path holds before: one file, or (when a file takes the place of a directory) a directory of files we manage. */
export type OldObject = { type: 'file'; file: OwnedFile } | { type: 'dir'; files: OwnedFile[] };

/** What it holds after: one file, or (when a directory takes the place of a file) a directory, outermost first. */
export type NewObject = { type: 'file'; file: OwnedFile } | { type: 'dir'; dirs: string[]; files: OwnedFile[] };

/**
 * One change of one name. create: old null; delete: new null; replace: both.
 * New bytes wait in `.pikit-<tx>.<n>`, the old inode in `.pikit-<tx>.o<n>`, both beside `path`.
 */
export interface Operation {
  n: number;
  path: string;
  old: OldObject | null;
  new: NewObject | null;
}

/**
 * The phases of a transaction:
 *
 *   (none) → preparing → applying → committed → (none)
 *               │            │
 *               └→ exactly old ←┘   by undo; a rollback goes forward from `applying`, its target is known to be good
 */
export type Phase = 'preparing' | 'applying' | 'committed';

export interface Failure {
  code: ErrorCode;
  message: string;
  hint: string | null;
  subject: string | null;
  lines: string[];
}

/** A program of a release that is found before a command of the system. */
export interface Shadow {
  path: string;
  command: string;
}

/** What the owner should know of a change although nothing failed. Journals of earlier versions have none of it. */
export interface Remarks {
  shadows?: Shadow[];
  /** Programs that were replaced, and nothing restarts what runs them. */
  unrestarted?: string[];
}

/** A command of the release that has done its work, with the last lines that it wrote. */
export interface RanCommand {
  command: string;
  lines: string[];
}

export interface Journal extends Remarks {
  v: 1;
  tx: string;
  kind: 'apply' | 'rollback';
  phase: Phase;
  from: string | null;
  to: string | null;
  branch: string;
  started: string;
  /** Undos (or a rollback's runs forward) that failed; three end in `broken`. A power cut is no failure. */
  undos: number;
  /** Made by an apply, read by a rollback: a folder below /var/backups/pikit. */
  backup: string;
  ops: Operation[];
  /** Directories made while preparing, outermost first. */
  mkdirs: string[];
  /** Directories of ours that lose their last file, innermost first: removed after commit if empty. */
  rmdirs: string[];
  /** Managed files that the owner had edited; their bytes go to the folder of edits, as do those of `foreign`. */
  drift: string[];
  /** Foreign files that are replaced. Absent in journals of 0.1.0's first days. */
  foreign?: string[];
  /** Files that were to go and stay: what is there now is not ours, or cannot be reached safely. Absent as `foreign`. */
  left?: string[];
  kept: string[];
  /** Who signed the release, for the receipt. Absent where releases are not signed. */
  signed?: SignedBy;
  /** Commands of the release that were run, for the receipt. Absent where there were none. */
  commands?: RanCommand[];
  /** Why it is being undone, once that is known. */
  failure: Failure | null;
}

export interface InstalledFile {
  path: string;
  sha256: string;
  size: number;
  mode: string;
}

/** installed.json: all that we installed, and the directories that we made for it. */
export interface Installed {
  schema: 1;
  version: string | null;
  branch: string;
  files: InstalledFile[];
  dirs: string[];
}

/** backup.json: what the last update replaced, what was not there before it, and the list of what was installed. */
export interface Backup {
  schema: 1;
  tx: string;
  from: string | null;
  to: string | null;
  created: string;
  files: OwnedFile[];
  absent: string[];
  before: Installed | null;
  after: Installed;
}

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
  /** That of the place, unless a rollback brings back a file that belonged to another user. */
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
  /** Also files that are there already are put, with the old ones kept: something else may change them before the commit. */
  anew?: boolean;
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

export type Recovery =
  | { is: 'nothing' }
  /** Exactly the old tree; `journal` says of what, and why if that is known. */
  | { is: 'undone'; journal: Journal }
  /** Exactly the new tree of a commit, or the target of a rollback. */
  | { is: 'finished'; journal: Journal }
  /** The journal was damaged. The tree is that of `installed`, known by hash; null when nothing was installed. */
  | { is: 'rebuilt'; installed: Installed | null; aside: string }
  /** It cannot be repaired here. Never retried automatically; `aside` keeps what was found. */
  | { is: 'broken'; journal: Journal | null; aside: string; reason: string };
