/** Does the change fit? Counted before its first byte is written, because a full disk half-way costs an undo. */
import { dirname } from 'node:path';
import type { Need } from '../../core/device/disk-space.ts';
import { assertFits, blocksOf } from '../../core/device/disk-space.ts';
import { mountOf, existingParent, freeSpaceAt } from '../files/mounts.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { onDisk } from '../transaction-paths.ts';
import type { Operation, OwnedFile, Plan } from '../types.ts';
import { hasOtherNames, ownersFiles } from '../change/prepare.ts';
import { oldAssetDirs } from '../change/old-assets.ts';

/** A directory takes one inode and one block. */
const DIR_BYTES = 4096;
/** What the journal, installed.json and backup.json say of one file. */
const ENTRY_BYTES = 512;

/**
 * Throws NO_SPACE or NO_INODES, naming the filesystem, when the plan does not fit on each filesystem that it writes to:
 * new bytes beside their targets, copies of old ones where links to them are not possible, lists, new directories.
 */
export function assertSpace(place: TransactionPaths, plan: Plan, what = 'the update'): void {
  const needs = [...plan.ops.flatMap((op) => newNeeds(place, op)), ...plan.mkdirs.map((dir) => dirNeed(onDisk(place, dir)))];
  assertFits([...needs, ...backupNeeds(place, plan), ...ownersNeeds(place, plan), ...listNeeds(place, plan)], freeSpaceAt, what);
}

function dirNeed(path: string): Need {
  return { path, bytes: DIR_BYTES, inodes: 1 };
}

function newNeeds(place: TransactionPaths, op: Operation): Need[] {
  if (op.new === null) return [];
  const files = op.new.type === 'file' ? [op.new.file] : op.new.files;
  const dirs = op.new.type === 'file' ? [] : op.new.dirs;
  const path = onDisk(place, dirname(op.path));
  return [...files.map((file) => ({ path, bytes: blocksOf([file.size]), inodes: 1 })), ...dirs.map(() => dirNeed(path))];
}

/** Links take nothing, copies (of files on another mount, or with a name elsewhere) what they hold. A rollback makes neither, and needs no more than the update before it. */
function backupNeeds(place: TransactionPaths, plan: Plan): Need[] {
  const path = onDisk(place, place.backups);
  const mount = mountOf(existingParent(path));
  const files = oldFiles(plan);
  const mounts = new Map(files.map((file) => dirname(file.path)).map((dir) => [dir, mountOf(existingParent(onDisk(place, dir)))]));
  const copied = files.filter((file) => mounts.get(dirname(file.path)) !== mount || hasOtherNames(onDisk(place, file.path)));
  const dirs = new Set([...mounts.keys()].flatMap(withParents));
  const kept = [...dirs, ...oldAssetDirs(place, plan.ops)];
  return [...kept.map(() => dirNeed(path)), { path, bytes: blocksOf(copied.map((file) => file.size)), inodes: copied.length }];
}

/** The owner's files are copied, never linked: what is kept for good shares nothing with what lives on. */
function ownersNeeds(place: TransactionPaths, plan: Plan): Need[] {
  const foreign = plan.foreign.map((file) => file.path);
  const files = ownersFiles(plan.ops, { drift: plan.drift, foreign });
  const dirs = new Set(files.map((file) => dirname(file.path)).flatMap(withParents));
  const path = place.edited;
  return [...[...dirs].map(() => dirNeed(path)), { path, bytes: blocksOf(files.map((file) => file.size)), inodes: files.length }];
}

function withParents(dir: string): string[] {
  return dirname(dir) === dir ? [dir] : [...withParents(dirname(dir)), dir];
}

function oldFiles(plan: Plan): OwnedFile[] {
  return plan.ops.flatMap((op) => (op.old === null ? [] : op.old.type === 'file' ? [op.old.file] : op.old.files));
}

/** The journal is written twice at once (temp file and rename), so is each list. */
function listNeeds(place: TransactionPaths, plan: Plan): Need[] {
  const bytes = 2 * ENTRY_BYTES * (plan.ops.length + plan.after.files.length);
  return [dirname(place.journal), onDisk(place, place.backups)].map((path) => ({ path, bytes: blocksOf([bytes]), inodes: 4 }));
}
