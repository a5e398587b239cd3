/** Which side of an update the live tree is on, path by path, from the backup of that update alone. */
import { createHash } from 'node:crypto';
import { VERSION_FILE } from '../../core/device/paths.ts';
import { holdsBytes, lstatOrNull } from '../files/durable.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { onDisk } from '../transaction-paths.ts';
import type { Backup, OwnedFile } from '../types.ts';

/** `unknown`: no path of the update tells, because the owner has edited each of them since. */
export type TreeVersion = 'before' | 'after' | 'mixed' | 'unknown';

type Facts = Omit<OwnedFile, 'path' | 'size'>;

/** Looks at every path that the update touched. */
export function treeVersionOf(place: TransactionPaths, backup: Backup): TreeVersion {
  const was = new Map(backup.files.map((file) => [file.path, file]));
  const shall = factsAfter(place, backup);
  const seen = new Set(changedPaths(backup).map((path) => versionOfPath(place, path, was.get(path) ?? null, shall(path))));
  if (seen.has('before') && seen.has('after')) return 'mixed';
  if (seen.has('before')) return 'before';
  return seen.has('after') ? 'after' : 'unknown';
}

/** The paths that the update replaced, removed or brought. */
export function changedPaths(backup: Backup): string[] {
  return [...backup.files.map((file) => file.path), ...backup.absent];
}

function versionOfPath(place: TransactionPaths, path: string, was: Facts | null, shall: Facts | null): 'before' | 'after' | 'neither' {
  const isBefore = isAt(place, path, was);
  const isAfter = isAt(place, path, shall);
  if (isBefore === isAfter) return 'neither';
  return isBefore ? 'before' : 'after';
}

/** Tells of a path what the update put there, or null where it left nothing. */
export function factsAfter(place: TransactionPaths, backup: Backup): (path: string) => Facts | null {
  const { uid, gid } = place.owner;
  const { version, files } = backup.after;
  const listed = new Map(files.map((file) => [file.path, file]));
  return (path) => {
    if (path === VERSION_FILE) {
      return version === null ? null : { sha256: createHash('sha256').update(`${version}\n`).digest('hex'), mode: 0o644, uid, gid };
    }
    const file = listed.get(path);
    return file === undefined ? null : { sha256: file.sha256, mode: Number.parseInt(file.mode, 8), uid, gid };
  };
}

/** Whether a path holds exactly this file, or nothing. */
export function isAt(place: TransactionPaths, path: string, facts: Facts | null): boolean {
  const stat = lstatOrNull(onDisk(place, path));
  if (facts === null) return stat === null || stat.isDirectory();
  if (stat === null || (stat.mode & 0o7777) !== facts.mode || stat.uid !== facts.uid || stat.gid !== facts.gid) return false;
  return holdsBytes(onDisk(place, path), facts);
}
