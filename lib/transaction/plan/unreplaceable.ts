/**
 * What cannot be replaced although root may write everywhere: attributes of files (chattr), read-only mounts, mount points.
 * Found before the first byte is written, because half-way each of them costs an undo, and the first two block that as well.
 * Node cannot read attributes. But the kernel answers EPERM to root for nothing else in these calls (may_delete and
 * inode_permission in its fs/namei.c), and none of them changes anything:
 *
 *   access(W_OK) of a file or directory        EPERM: immutable (+i);  EROFS: a read-only mount
 *   rmdir of a file, never a directory         ENOTDIR: it could be removed;  EPERM: it or its directory is append-only (+a)
 */
import fs from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf, UpdateError } from '../../core/errors.ts';
import { shellWord, shellWords } from '../../core/command-line/shell-word.ts';
import { lstatOrNull } from '../files/durable.ts';
import { mountPoints, existingParent } from '../files/mounts.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { onDisk, touchedDirs } from '../transaction-paths.ts';
import type { Operation } from '../types.ts';

export interface Locked {
  /** Device path. */
  path: string;
  attribute: 'i' | 'a';
}

const WORDS = { i: 'immutable', a: 'append-only' } as const;
const MAX_NAMED = 8;
const { O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;

/**
 * Throws DEST_LOCKED naming every file and directory with an attribute that is in the way of a change, IO_ERROR for a
 * read-only mount, DEST_TYPE for a mount point. Changes nothing.
 */
export function assertReplaceable(place: TransactionPaths, ops: readonly Operation[]): void {
  const locked = lockedError([...immutable(place, ops), ...appendOnly(place, ops)]);
  if (locked !== null) throw locked;
  for (const dir of touchedDirs(ops)) assertWritableMount(place, dir);
  assertNoMountPoints(place, ops);
}

/** The error for what is locked, or null: all of it, with the commands that unlock it. */
export function lockedError(found: readonly Locked[]): UpdateError | null {
  const [first] = found;
  if (first === undefined) return null;
  const named = found.slice(0, MAX_NAMED).map(({ path, attribute }) => `'${path}' is ${WORDS[attribute]} (chattr +${attribute})`);
  const more = found.length > MAX_NAMED ? `, and ${String(found.length - MAX_NAMED)} more` : '';
  const commands = (['i', 'a'] as const).flatMap((attribute) => {
    const paths = found.filter((one) => one.attribute === attribute).map(({ path }) => path);
    return paths.length === 0 ? [] : [`chattr -${attribute} ${shellWords(paths)}`];
  });
  return new UpdateError('DEST_LOCKED', `${named.join(', ')}${more}: not even root can replace what is there`, {
    hint: `as root: ${commands.join(' && ')}, then try again; nothing was changed`,
    subject: first.path,
  });
}

/** This is published, not for root alone. */
export function immutable(place: TransactionPaths, ops: readonly Operation[]): Locked[] {
  const files = ops.flatMap((op) => oldPaths(op));
  const dirs = new Set([...touchedDirs(ops), ...files.map((path) => dirname(path))]);
  return [...dirs, ...files]
    .filter(
      (path) =>
        errnoIn(() => {
          fs.accessSync(onDisk(place, path), fs.constants.W_OK);
        }) === 'EPERM',
    )
    .map((path) => ({ path, attribute: 'i' }));
}

function appendOnly(place: TransactionPaths, ops: readonly Operation[]): Locked[] {
  const found = new Map<string, Locked>();
  const add = (path: string): unknown => found.set(path, { path, attribute: 'a' });
  const files = ops.flatMap((op) => oldPaths(op));
  for (const file of files) {
    if (isRemovable(place, file)) continue;
    add(isAppendOnlyFile(onDisk(place, file)) ? file : dirname(file));
  }
  const probed = new Set(files.map((path) => dirname(path)));
  for (const dir of touchedDirs(ops)) {
    const other = probed.has(dir) ? null : someFile(onDisk(place, dir));
    if (other !== null && !isRemovable(place, `${dir}/${other}`) && !isAppendOnlyFile(onDisk(place, `${dir}/${other}`))) add(dir);
  }
  return [...found.values()];
}

/** False where the kernel forbids it to root; a sticky directory forbids it to others for reasons of its own. */
function isRemovable(place: TransactionPaths, file: string): boolean {
  const path = onDisk(place, file);
  // rmdir would remove an empty directory that was created there just now.
  if (lstatOrNull(path)?.isFile() !== true) return true;
  if (
    errnoIn(() => {
      fs.rmdirSync(path);
    }) !== 'EPERM'
  )
    return true;
  const isImmutable =
    errnoIn(() => {
      fs.accessSync(path, fs.constants.W_OK);
    }) === 'EPERM';
  return isImmutable || process.geteuid?.() !== 0;
}

function isAppendOnlyFile(path: string): boolean {
  return (
    errnoIn(() => {
      fs.closeSync(fs.openSync(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK));
    }) === 'EPERM'
  );
}

function someFile(dir: string): string | null {
  let open: fs.Dir;
  try {
    open = fs.opendirSync(dir);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR' || errnoOf(error) === 'EACCES') return null;
    throw error;
  }
  try {
    for (let entry = open.readSync(); entry !== null; entry = open.readSync()) if (entry.isFile()) return entry.name;
    return null;
  } finally {
    open.closeSync();
  }
}

function oldPaths(op: Operation): string[] {
  if (op.old === null) return [];
  return op.old.type === 'file' ? [op.path] : op.old.files.map(({ path }) => path);
}

function assertWritableMount(place: TransactionPaths, dir: string): void {
  const at = existingParent(onDisk(place, dir));
  if (
    errnoIn(() => {
      fs.accessSync(at, fs.constants.W_OK);
    }) !== 'EROFS'
  )
    return;
  throw new UpdateError('IO_ERROR', `'${dir}' is on a filesystem that is read-only here`, {
    hint: `\`findmnt -T ${shellWord(at)}\` shows the mount: remount it writable; for a [[target]] outside of /var/www, /usr/local/bin and /etc/pikit the units need ReadWritePaths= as well: '/etc/pikit/update.toml' says how`,
    subject: dir,
  });
}

/** rename(2) answers EBUSY for a file or directory that something is mounted on. */
function assertNoMountPoints(place: TransactionPaths, ops: readonly Operation[]): void {
  const points = mountPoints();
  if (points.length === 0) return;
  for (const op of ops) {
    if (op.old === null) continue;
    const path = onDisk(place, op.path);
    const found = points.find((point) => point === path || point.startsWith(`${path}/`));
    if (found === undefined) continue;
    throw new UpdateError('DEST_TYPE', `'${op.path}' cannot be replaced: something is mounted on '${found}'`, {
      hint: `umount ${shellWord(found)}, then try again; nothing was changed`,
      subject: op.path,
    });
  }
}

function errnoIn(act: () => void): string | null {
  try {
    act();
    return null;
  } catch (error) {
    return errnoOf(error);
  }
}
