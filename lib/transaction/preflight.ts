/** Does the change fit? Counted before its first byte is written, because a full disk half-way costs an undo. */
import { dirname } from 'node:path';
import type { Need } from '../core/room.ts';
import { assertFits, blocksOf } from '../core/room.ts';
import { mountOf, nearestDir, roomAt } from './mounts.ts';
import type { Place } from './place.ts';
import { real } from './place.ts';
import type { Plan } from './plan.ts';
import { hasOtherNames, ownersFiles } from './prepare.ts';
import { previousDirs } from './previous.ts';
import type { Operation, OwnedFile } from './types.ts';

/** A directory takes one inode and one block. */
const DIR_BYTES = 4096;
/** What the journal, installed.json and backup.json say of one file. */
const ENTRY_BYTES = 512;

/**
 * Throws NO_SPACE or NO_INODES, naming the filesystem, when the plan does not fit on each filesystem that it writes to:
 * new bytes beside their targets, copies of old ones where links to them are not possible, lists, new directories.
 */
export function assertRoom(place: Place, plan: Plan, what = 'the update'): void {
  const needs = [...plan.ops.flatMap((op) => newNeeds(place, op)), ...plan.mkdirs.map((dir) => dirNeed(real(place, dir)))];
  assertFits([...needs, ...backupNeeds(place, plan), ...ownersNeeds(place, plan), ...listNeeds(place, plan)], roomAt, what);
}

function dirNeed(path: string): Need {
  return { path, bytes: DIR_BYTES, inodes: 1 };
}

function newNeeds(place: Place, op: Operation): Need[] {
  if (op.new === null) return [];
  const files = op.new.type === 'file' ? [op.new.file] : op.new.files;
  const dirs = op.new.type === 'file' ? [] : op.new.dirs;
  const path = real(place, dirname(op.path));
  return [...files.map((file) => ({ path, bytes: blocksOf([file.size]), inodes: 1 })), ...dirs.map(() => dirNeed(path))];
}

/** Links take nothing, copies (of files on another mount, or with a name elsewhere) what they hold. A rollback makes neither, and needs no more than the update before it. */
function backupNeeds(place: Place, plan: Plan): Need[] {
  const path = real(place, place.backups);
  const mount = mountOf(nearestDir(path));
  const files = oldFiles(plan);
  const mounts = new Map(files.map((file) => dirname(file.path)).map((dir) => [dir, mountOf(nearestDir(real(place, dir)))]));
  const copied = files.filter((file) => mounts.get(dirname(file.path)) !== mount || hasOtherNames(real(place, file.path)));
  const dirs = new Set([...mounts.keys()].flatMap(withParents));
  const kept = [...dirs, ...previousDirs(place, plan.ops)];
  return [...kept.map(() => dirNeed(path)), { path, bytes: blocksOf(copied.map((file) => file.size)), inodes: copied.length }];
}

/** The owner's files are copied, never linked: what is kept for good shares nothing with what lives on. */
function ownersNeeds(place: Place, plan: Plan): Need[] {
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
function listNeeds(place: Place, plan: Plan): Need[] {
  const bytes = 2 * ENTRY_BYTES * (plan.ops.length + plan.after.files.length);
  return [dirname(place.journal), real(place, place.backups)].map((path) => ({ path, bytes: blocksOf([bytes]), inodes: 4 }));
}
