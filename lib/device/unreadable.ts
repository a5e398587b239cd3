/** Files of the device that the planning process may not read: what is known of them without their bytes. */
import fs from 'node:fs';
import { errnoOf } from '../core/errors.ts';
import { lstatOrNull } from '../transaction/files/durable.ts';
import type { TransactionPaths } from '../transaction/transaction-paths.ts';
import { onDisk } from '../transaction/transaction-paths.ts';
import type { InstalledFile, OldObject, Operation, Put } from '../transaction/types.ts';

/**
 * Of a file that is not there, is none, or can be read: null. What is in a folder that is closed to this user is what root let
 * know of it (`known`); where that is nothing, it counts as not there (`'closed'`).
 */
export function unreadableFile(place: TransactionPaths, path: string, known: InstalledFile | undefined): OldObject | 'closed' | null {
  try {
    const stat = lstatOrNull(onDisk(place, path));
    if (stat?.isFile() !== true || canRead(onDisk(place, path))) return null;
    const { size, mode, uid, gid } = stat;
    return { type: 'file', file: { path, sha256: '', size, mode: mode & 0o7777, uid, gid } };
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
    if (known === undefined) return 'closed';
    const { size, mode } = known;
    return { type: 'file', file: { path, sha256: '', size, mode: Number.parseInt(mode, 8), ...place.owner } };
  }
}

function canRead(file: string): boolean {
  try {
    fs.closeSync(fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return false;
    throw error;
  }
}

export interface Hidden {
  paths: ReadonlySet<string>;
  /** What a release makes of them: replaced where it brings other bytes than the last one, and may have been edited or not. */
  ops: Operation[];
}

/** Those among what a release puts and takes away. `shipped` is what the installed release brought, by path. */
export function hiddenChanges(
  place: TransactionPaths,
  puts: readonly Put[],
  deletes: readonly string[],
  shipped: ReadonlyMap<string, InstalledFile>,
): Hidden {
  const { uid, gid } = place.owner;
  const changed = puts.map(({ path, sha256, size, mode }) => ({
    path,
    isSame: shipped.get(path)?.sha256 === sha256,
    file: { path, sha256, size, mode, uid, gid },
  }));
  const gone = deletes.map((path) => ({ path, isSame: false, file: null }));
  const found = [...changed, ...gone].flatMap(({ path, isSame, file }) => {
    const old = unreadableFile(place, path, shipped.get(path));
    if (old === null) return [];
    return [{ path, isSame, old: old === 'closed' ? null : old, new: file === null ? null : { type: 'file' as const, file } }];
  });
  const ops = found.filter(({ isSame }) => !isSame).map(({ path, old, new: fresh }, index) => ({ n: index + 1, path, old, new: fresh }));
  return { paths: new Set(found.map(({ path }) => path)), ops };
}
