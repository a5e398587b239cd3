/**
 * Everything that can fail for want of space or rights happens here, before the first live path changes:
 * journal `preparing`, backup, new directories, new bytes beside their targets, links to the old inodes. One barrier makes the copies
 * of the backup durable before it gets its name, and one all the rest: recovery of `preparing` drops it in whatever order it came.
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import type { Contents } from '../files/held-contents.ts';
import { openContents } from '../files/held-contents.ts';
import { withBarrier } from '../files/barrier.ts';
import type { Sync } from '../files/durable.ts';
import { copyToNew, fsyncDir, hashAndSync, hashFile, lstatOrNull } from '../files/durable.ts';
import { mkdirDurable } from '../files/directories.ts';
import { writeJournal } from '../journal.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import {
  backupCopy,
  editedCopy,
  editedFolder,
  stagedPathInDirectory,
  stagedPath,
  keptOldPath,
  partialBackup,
  onDisk,
  touchedDirs,
} from '../transaction-paths.ts';
import type { Backup, Installed, Journal, Operation, OwnedFile, Plan } from '../types.ts';
import { keepOldAssets } from './old-assets.ts';
import { writeChecksummed } from '../checksummed-json.ts';
import { isLinkRefused } from '../files/move-slowly.ts';

const DIR_MODE = 0o755;
const PRIVATE_DIR_MODE = 0o700;

/**
 * Writes the journal (`preparing`) and makes all new and old bytes durable. On any failure the live tree is as it was, and
 * undo() removes what was made. Throws DIGEST_MISMATCH when staged bytes are not those of the manifest, STAGED_INVALID
 * when what is staged is not to be taken.
 */
export function prepare(place: TransactionPaths, journal: Journal, plan: Plan, before: Installed | null): void {
  mkdirDurable(dirname(place.journal), PRIVATE_DIR_MODE);
  writeJournal(place, journal);
  writeChecksummed(place.installedNext, plan.after);
  if (journal.kind === 'apply') writeBackup(place, journal, plan, before);
  withBarrier(placesOf(place, journal), (barrier) => {
    keepOwners(place, journal, barrier);
    keepOldAssets(place, journal, barrier);
    for (const dir of journal.mkdirs) makeDirectory(place, dir, barrier);
    const contents = openContents(plan.contents, barrier);
    try {
      for (const op of journal.ops) placeNew(place, journal, op, contents, barrier);
    } finally {
      contents.close();
    }
    for (const op of journal.ops) linkOld(place, journal, op, barrier);
    for (const dir of touchedDirs(journal.ops)) barrier.dir(onDisk(place, dir));
  });
  assertStillOld(place, journal);
}

/** On every filesystem that is written to. */
function placesOf(place: TransactionPaths, { ops }: Journal): string[] {
  return [onDisk(place, place.backups), place.edited, ...touchedDirs(ops).map((dir) => onDisk(place, dir))];
}

/**
 * A directory of ours, with exactly the mode and owner it shall have whatever the umask is. On a bare device it may be one
 * that was just made for the journal or the backup; any other that is there by now is not ours (EEXIST).
 */
function makeDirectory(place: TransactionPaths, dir: string, sync: Sync): void {
  const path = onDisk(place, dir);
  const isAboveOurs = [place.journal, onDisk(place, place.backups)].some((own) => own.startsWith(`${path}/`));
  if (!isAboveOurs || lstatOrNull(path) === null) fs.mkdirSync(path, { mode: DIR_MODE });
  fs.chmodSync(path, DIR_MODE);
  fs.chownSync(path, place.owner.uid, place.owner.gid);
  sync.dir(dirname(path));
}

function placeNew(place: TransactionPaths, journal: Journal, op: Operation, contents: Contents, sync: Sync): void {
  if (op.new === null) return;
  if (op.new.type === 'file') {
    contents.write(op.new.file, onDisk(place, stagedPath(journal, op)));
    return;
  }
  const dirs = op.new.dirs.map((dir) => stagedPathInDirectory(journal, op, dir));
  for (const dir of dirs) makeDirectory(place, dir, sync);
  for (const file of op.new.files) contents.write(file, onDisk(place, stagedPathInDirectory(journal, op, file.path)));
  for (const dir of dirs) sync.dir(onDisk(place, dir));
}

/** A second name for the old inode: undo renames it back, which needs no space even on a full disk. */
function linkOld(place: TransactionPaths, journal: Journal, op: Operation, sync: Sync): void {
  if (op.old?.type !== 'file') return;
  const keep = onDisk(place, keptOldPath(journal, op));
  const linked = link(onDisk(place, op.path), keep, op.old.file, sync);
  if (linked && !isSameInode(keep, onDisk(place, backupCopy(journal.backup, op.path)))) assertDurable(keep, op.old.file, sync);
}

function isSameInode(one: string, other: string): boolean {
  const a = lstatOrNull(one);
  const b = lstatOrNull(other);
  return a !== null && b !== null && a.ino === b.ino && a.dev === b.dev;
}

/** link(2), or a durable copy where the filesystem has no links or the two are on different mounts. Says whether it is a link. */
function link(source: string, to: string, facts: OwnedFile, sync: Sync): boolean {
  try {
    fs.linkSync(source, to);
    return true;
  } catch (error) {
    if (!isLinkRefused(error)) throw error;
    assertAsPlanned(facts, copyToNew(source, to, { mode: facts.mode, owner: { uid: facts.uid, gid: facts.gid } }, sync));
    return false;
  }
}

/** The old bytes were written by a process that may never have synced them; undo counts on them after a power cut. */
function assertDurable(path: string, facts: OwnedFile, sync: Sync): void {
  assertAsPlanned(facts, hashAndSync(path, sync));
}

/**
 * All of the above takes seconds on a card, in which an editor may save a file anew: the copies would be of the one before, and the
 * swap would take the only one of the new. The owner's files are read once more; of the others it is enough that they are still
 * the inodes that were read, and as long.
 */
function assertStillOld(place: TransactionPaths, journal: Journal): void {
  const owners = new Set(ownersFiles(journal.ops, journal));
  for (const op of journal.ops) {
    if (op.old?.type !== 'file' || owners.has(op.old.file)) continue;
    const path = onDisk(place, op.path);
    const isAnother = lstatOrNull(path)?.size !== op.old.file.size;
    if (isAnother || !isSameInode(path, onDisk(place, keptOldPath(journal, op)))) assertHolds(path, op.old.file);
  }
  for (const file of owners) assertHolds(onDisk(place, file.path), file);
}

function assertHolds(path: string, file: OwnedFile): void {
  assertAsPlanned(file, lstatOrNull(path)?.isFile() === true ? hashFile(path) : '');
}

function assertAsPlanned(facts: OwnedFile, sha256: string): void {
  if (sha256 === facts.sha256) return;
  throw new UpdateError('RELEASE_CHANGED', `'${facts.path}' was changed while the update was being prepared`, { hint: 'try again' });
}

/**
 * Complete and durable under another name first: a folder without `.partial` is a whole backup. Before any other name of this
 * transaction is there: should the journal be lost, the backup says which those are.
 */
function writeBackup(place: TransactionPaths, journal: Journal, plan: Plan, before: Installed | null): void {
  const partial = partialBackup(journal.backup);
  const files = oldFiles(journal.ops);
  const places = [onDisk(place, place.backups), ...touchedDirs(journal.ops).map((dir) => onDisk(place, dir))];
  withBarrier(places, (barrier) => {
    mkdirDurable(onDisk(place, place.backups), PRIVATE_DIR_MODE, barrier);
    const dirs = new Set(mkdirDurable(onDisk(place, partial), PRIVATE_DIR_MODE, barrier));
    for (const file of files) {
      const copy = onDisk(place, backupCopy(partial, file.path));
      for (const made of mkdirDurable(dirname(copy), PRIVATE_DIR_MODE, barrier)) dirs.add(made);
      keepOld(onDisk(place, file.path), copy, file, barrier);
    }
    for (const dir of dirs) barrier.dir(dir);
  });
  const absent = journal.ops.flatMap((op) => absentBefore(op));
  const backup: Backup = {
    schema: 1,
    tx: journal.tx,
    from: journal.from,
    to: journal.to,
    created: journal.started,
    files,
    absent,
    before,
    after: plan.after,
  };
  writeChecksummed(`${onDisk(place, partial)}/backup.json`, backup);
  fs.renameSync(onDisk(place, partial), onDisk(place, journal.backup));
  fsyncDir(onDisk(place, place.backups));
}

/** What these operations take away. */
function oldFiles(ops: readonly Operation[]): OwnedFile[] {
  return ops.flatMap((op) => (op.old === null ? [] : op.old.type === 'file' ? [op.old.file] : op.old.files));
}

/**
 * Into the backup. A file with a name elsewhere is edited there, in place, by people who do not think of the backup (a page that
 * is a hard link into a working copy of a user): of that one the backup has its own bytes.
 */
function keepOld(path: string, copy: string, file: OwnedFile, sync: Sync): void {
  if (hasOtherNames(path)) {
    assertAsPlanned(file, copyToNew(path, copy, { mode: file.mode, owner: { uid: file.uid, gid: file.gid } }, sync));
  } else if (link(path, copy, file, sync)) assertDurable(copy, file, sync);
}

/** Whether the same inode has a further name. */
export function hasOtherNames(path: string): boolean {
  return (lstatOrNull(path)?.nlink ?? 1) > 1;
}

/** Paths that an operation brings where nothing was: a rollback removes them. */
function absentBefore(op: Operation): string[] {
  if (op.new === null) return [];
  if (op.new.type === 'dir') return op.new.files.map((file) => file.path);
  return op.old?.type === 'file' ? [] : [op.path];
}

/**
 * Before anything takes the place of bytes that are the owner's, they go to a folder that no later update touches. The backup
 * is rotated, and a file that no release brought may have no other copy. Each transaction has a folder of its own; an undo
 * removes it, because the files themselves are back.
 */
function keepOwners(place: TransactionPaths, journal: Journal, sync: Sync): void {
  const owners = ownersFiles(journal.ops, journal);
  if (owners.length === 0) return;
  mkdirDurable(place.edited, PRIVATE_DIR_MODE, sync);
  const dirs = new Set(mkdirDurable(editedFolder(place, journal), PRIVATE_DIR_MODE, sync));
  for (const file of owners) {
    const copy = onDisk(place, editedCopy(place, journal, file.path));
    for (const made of mkdirDurable(dirname(copy), PRIVATE_DIR_MODE, sync)) dirs.add(made);
    assertAsPlanned(file, copyToNew(onDisk(place, file.path), copy, { mode: file.mode & PRIVATE_DIR_MODE, owner: null }, sync));
    dirs.add(dirname(copy));
  }
  for (const dir of dirs) sync.dir(dir);
}

/** The files of the owner that these operations take away. */
export function ownersFiles(ops: readonly Operation[], { drift, foreign }: Pick<Journal, 'drift' | 'foreign'>): OwnedFile[] {
  const owners = new Set([...drift, ...(foreign ?? [])]);
  return oldFiles(ops).filter((file) => owners.has(file.path));
}
