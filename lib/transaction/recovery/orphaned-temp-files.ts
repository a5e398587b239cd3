/**
 * Temp files of transactions, found by name where no journal says of them: it is damaged, or its transaction was called broken
 * and given up.
 */
import fs from 'node:fs';
import { basename, dirname } from 'node:path';
import { VERSION_FILE } from '../../core/device/paths.ts';
import { fsyncDir, lstatOrNull, removeTree } from '../files/durable.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { onDisk } from '../transaction-paths.ts';
import { changedPaths } from './tree-version.ts';
import type { Backup, Installed } from '../types.ts';

const OURS = /^\.pikit-([0-9a-f]{8})\.o?\d+$/;

/** Real paths of our own names beside anything that one of the lists names. */
export function orphanedTempFiles(place: TransactionPaths, installed: Installed | null, backup: Backup | null): string[] {
  const lists = [installed, backup?.before, backup?.after].flatMap((list) => list?.files.map((file) => file.path) ?? []);
  const paths = [VERSION_FILE, ...lists, ...(backup === null ? [] : changedPaths(backup))];
  const dirs = [...new Set(paths.map((path) => onDisk(place, dirname(path))))].filter((dir) => lstatOrNull(dir)?.isDirectory() === true);
  return dirs.flatMap((dir) =>
    fs
      .readdirSync(dir)
      .filter((name) => OURS.test(name))
      .map((name) => `${dir}/${name}`),
  );
}

/** The transaction that a stray is of. */
export function transactionOf(stray: string): string | null {
  return OURS.exec(basename(stray))?.[1] ?? null;
}

/** Removes them, durably. */
export function removeOrphanedTempFiles(place: TransactionPaths, installed: Installed | null, backup: Backup | null): void {
  for (const stray of orphanedTempFiles(place, installed, backup)) {
    removeTree(stray);
    fsyncDir(dirname(stray));
  }
}
