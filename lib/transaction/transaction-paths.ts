/** Where a transaction works: the folder that stands for `/`, the files it keeps, and who owns what it installs. */
import { basename, dirname, join, relative } from 'node:path';
import type { DevicePaths } from '../core/device/paths.ts';
import type { Ownership } from './files/durable.ts';
import type { Journal, Operation } from './types.ts';

export interface TransactionPaths {
  /** The folder that stands for `/`. */
  root: string;
  /** Real paths of the transaction's own files. */
  journal: string;
  installed: string;
  installedNext: string;
  /** Device path of the folder of all backups. */
  backups: string;
  /** Real path of the folder where the owner's edits are kept aside. */
  edited: string;
  /** Owner of every file and directory we install: root; in a test folder the running user. */
  owner: Ownership;
}

/** Those of a device, for the user that this process runs as. */
export function transactionPaths(paths: DevicePaths): TransactionPaths {
  return {
    root: paths.root,
    journal: paths.journal,
    installed: paths.installed,
    installedNext: paths.installedNext,
    backups: '/var/backups/pikit',
    edited: paths.edited,
    owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  };
}

export function onDisk(place: TransactionPaths, devicePath: string): string {
  return join(place.root, devicePath);
}

type Tx = Pick<Journal, 'tx'>;

function sibling(path: string, name: string): string {
  return join(dirname(path), name);
}

/** Device path where the new bytes of an operation wait. */
export function stagedPath(tx: Tx, op: Pick<Operation, 'n' | 'path'>): string {
  return sibling(op.path, `.pikit-${tx.tx}.${String(op.n)}`);
}

/** Device path where the old inode of an operation waits. */
export function keptOldPath(tx: Tx, op: Pick<Operation, 'n' | 'path'>): string {
  return sibling(op.path, `.pikit-${tx.tx}.o${String(op.n)}`);
}

/** Path of a file inside the directory that an operation brings, while that directory waits under its temporary name. */
export function stagedPathInDirectory(tx: Tx, op: Pick<Operation, 'n' | 'path'>, path: string): string {
  return stagedPath(tx, op) + path.slice(op.path.length);
}

/** Device path of the copy of a file in a backup. */
export function backupCopy(backup: string, path: string): string {
  return `${backup}/files${path}`;
}

/** Real path of the folder for the owner's bytes that a transaction takes the place of. Kept until the owner removes it. */
export function editedFolder(place: TransactionPaths, tx: Tx): string {
  return `${place.edited}/${tx.tx}`;
}

/** Device path of the copy of one of them: the folder, then the path that it had. */
export function editedCopy(place: TransactionPaths, tx: Tx, path: string): string {
  return `/${relative(place.root, editedFolder(place, tx))}${path}`;
}

/** The name a backup has until it is complete. */
export function partialBackup(backup: string): string {
  return `${backup}.partial`;
}

/** Every directory in which the names of a journal live, each once. */
export function touchedDirs(ops: readonly Operation[]): string[] {
  return [...new Set(ops.map((op) => dirname(op.path)))];
}

/** The name of a transaction's backup folder, as its last path component. */
export function backupName(backup: string): string {
  return basename(backup);
}
