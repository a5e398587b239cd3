/** What an installation would do, as the command line prints it and the API serves it. Pure shaping. */
import * as z from 'zod';
import { SignedBy } from '../trust/trust-state.ts';
import { ForeignFile } from '../offer/foreign-files.ts';

const Version = z.string();
const Bytes = z.int().nonnegative();

const PlannedFile = z.strictObject({
  /** Device path. */
  path: z.string(),
  /** Null where the file is not there before, or after. */
  old_bytes: Bytes.nullable(),
  new_bytes: Bytes.nullable(),
});
export type PlannedFile = z.infer<typeof PlannedFile>;

const PlannedRoom = z.strictObject({
  /** A directory on the filesystem. */
  dir: z.string(),
  needed_bytes: Bytes,
  free_bytes: Bytes,
});
type PlannedRoom = z.infer<typeof PlannedRoom>;

export const PlanSummary = z.strictObject({
  version: Version,
  from: Version.nullable(),
  branch: z.string(),
  /** The way to the newest release: this version first, and then what is to be installed after it, one by one. */
  route: z.array(Version).default([]),
  outcome: z.enum(['available', 'held', 'waiting', 'incompatible', 'skipped']),
  reason: z.string().nullable(),
  /** Who signed it; only there where this device verifies signatures. */
  signed: SignedBy.optional(),
  /** Downloaded and verified already. */
  staged: z.boolean(),
  /** The proxy that it comes through, without its login; null where it comes without one. */
  proxy: z.string().nullable().default(null),
  /** Null when the release does not say. */
  download_bytes: Bytes.nullable(),
  added: z.array(PlannedFile),
  changed: z.array(PlannedFile),
  /** What is installed is root's to know: these five are null for others where root has not let them know. */
  removed: z.array(PlannedFile).nullable(),
  /** Files that you edited and the release replaces or removes; the edited ones are kept in /var/lib/pikit/edited. */
  edited: z.array(z.string()).nullable(),
  /** Files that no release brought and this one replaces; yours are kept in /var/lib/pikit/edited. */
  foreign: z.array(ForeignFile).nullable().default(null),
  /** Files that the release no longer has and that stay: they are not ours any more, or not to be reached safely. */
  left: z.array(z.string()).nullable().default(null),
  /** Configuration that you edited: it stays, and the release's version is left beside it. */
  conflicts: z.array(z.string()).nullable(),
  /** New programs that will be found before a command of the system, and run in its place. */
  shadows: z.array(z.strictObject({ path: z.string(), command: z.string() })).default([]),
  /** Programs that are replaced while nothing restarts what runs them: it goes on with the old ones. */
  unrestarted: z.array(z.string()).default([]),
  unchanged: z.int().nonnegative(),
  rooms: z.array(PlannedRoom),
  /** Why it would not fit. */
  problem: z.strictObject({ code: z.string(), message: z.string(), hint: z.string().nullable() }).nullable(),
  restarts: z.array(z.string()),
  /** Commands of the release that are run after its files are in place. */
  commands: z.array(z.string()),
});
export type PlanSummary = z.infer<typeof PlanSummary>;

/** One changed name of the device, as a transaction has it. */
export interface PlannedChange {
  path: string;
  old: readonly { path: string; size: number }[];
  new: readonly { path: string; size: number }[];
}

/** Sorts changes into added, changed and removed files; a path below a directory that makes room counts by itself. */
export function sortChanges(changes: readonly PlannedChange[]): { added: PlannedFile[]; changed: PlannedFile[]; removed: PlannedFile[] } {
  const files = new Map<string, PlannedFile>();
  const at = (path: string): PlannedFile => {
    const file = files.get(path) ?? { path, old_bytes: null, new_bytes: null };
    files.set(path, file);
    return file;
  };
  for (const change of changes) {
    for (const file of change.old) at(file.path).old_bytes = file.size;
    for (const file of change.new) at(file.path).new_bytes = file.size;
  }
  const sorted = [...files.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    added: sorted.filter((file) => file.old_bytes === null),
    changed: sorted.filter((file) => file.old_bytes !== null && file.new_bytes !== null),
    removed: sorted.filter((file) => file.new_bytes === null),
  };
}

/** How much is changed, in words. */
export function describeChanges(ops: readonly { old: object | null; new: object | null }[]): string {
  const count = (what: (op: (typeof ops)[number]) => boolean): string => String(ops.filter(what).length);
  const [added, changed, removed] = [
    count((op) => op.old === null),
    count((op) => op.old !== null && op.new !== null),
    count((op) => op.new === null),
  ];
  return `${added} new, ${changed} changed, ${removed} removed`;
}

interface Need {
  path: string;
  bytes: number;
}

interface Room {
  device: number;
  dir: string;
  bytes: number;
}

/** What each filesystem has to hold, and what it has. */
export function sumRooms(needs: readonly Need[], roomAt: (path: string) => Room): PlannedRoom[] {
  const byDevice = new Map<number, PlannedRoom>();
  for (const need of needs) {
    const { device, dir, bytes } = roomAt(need.path);
    const room = byDevice.get(device) ?? { dir, needed_bytes: 0, free_bytes: bytes };
    room.needed_bytes += need.bytes;
    byDevice.set(device, room);
  }
  return [...byDevice.values()];
}
