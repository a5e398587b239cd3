/**
 * branches_sequence.json, beside branches.json: a number for each entry that rises with each change of it, so that an old copy of a
 * site is known as one when it is published, and two people who change different branches do not undo each other.
 *   { "schema": 1, "sequence": 7, "branches": { "beta": { "sequence": 7, "sha256": "…" }, "gone": { "sequence": 5, "sha256": null } } }
 * `sha256` is that of the entry with that number, null once it was removed. An entry with another content was changed by hand, or
 * by a run that was interrupted before it wrote this file: it counts as the next number. So the list may always be written first.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { parseDocument } from '../json.ts';

const MAX_BYTES = 1024 * 1024;
/** Removed branches are remembered for as long as an old copy may still have them. */
const MAX_REMOVED = 2000;

const Change = z.object({ sequence: z.int().nonnegative(), sha256: z.string().nullable() });
type Change = z.infer<typeof Change>;
const BranchRecord = z.object({
  schema: z.literal(1),
  sequence: z.int().nonnegative(),
  branches: z.record(z.string().regex(/^[a-z0-9_]{1,64}$/), Change),
});
export type BranchRecord = z.infer<typeof BranchRecord>;

/** An entry of branches.json as the file has it. */
export type ListedBranch = Readonly<Record<string, unknown>>;

const EMPTY: BranchRecord = { schema: 1, sequence: 0, branches: {} };

/** Parses a record; null stands for one that is not there. Throws SITE_INVALID. */
export function parseBranchRecord(bytes: Uint8Array | null, what: string): BranchRecord {
  return bytes === null ? EMPTY : parseDocument(bytes, BranchRecord, { what, maxBytes: MAX_BYTES, code: 'SITE_INVALID' });
}

/** The record as it is written. */
export function branchRecordText(record: BranchRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

/** Brings a record up to a list: what is not as the record says was changed since, and gets the next number. */
export function settledRecord(record: BranchRecord, entries: readonly ListedBranch[]): BranchRecord {
  const next = record.sequence + 1;
  const listed = new Map(entries.map((entry) => [String(entry['name']), hashOf(entry)]));
  const names = [...new Set([...Object.keys(record.branches), ...listed.keys()])];
  const changes = names.map((name): [string, Change] => {
    const known = changeOf(record, name);
    const sha256 = listed.get(name) ?? null;
    return [name, known.sha256 === sha256 ? known : { sequence: next, sha256 }];
  });
  return recordOf(changes, record.sequence);
}

export interface ListState {
  entries: readonly ListedBranch[];
  record: BranchRecord;
}

/** A branch whose published entry is as new as ours, or newer, and another one. */
export interface Behind {
  branch: string;
  ours: number;
  theirs: number;
}

/**
 * What is to be published: of the chosen branches (null: of all) our entries, of the others theirs. An entry that is the same on
 * both sides is never in the way.
 */
export function mergeLists(ours: ListState, theirs: ListState, chosen: readonly string[] | null): { list: ListState } | { behind: Behind } {
  const names = chosen ?? [...new Set([...Object.keys(ours.record.branches), ...Object.keys(theirs.record.branches)])];
  let entries = theirs.entries;
  const changes = new Map(Object.entries(theirs.record.branches));
  for (const name of names) {
    const our = changeOf(ours.record, name);
    const their = changeOf(theirs.record, name);
    if (our.sha256 === their.sha256) {
      if (our.sequence > their.sequence) changes.set(name, our);
      continue;
    }
    if (their.sequence >= our.sequence) return { behind: { branch: name, ours: our.sequence, theirs: their.sequence } };
    changes.set(name, our);
    entries = replaced(entries, name, ours.entries.find((entry) => entry['name'] === name) ?? null);
  }
  const record = recordOf([...changes], chosen === null ? Math.max(ours.record.sequence, theirs.record.sequence) : theirs.record.sequence);
  // Nothing of theirs is left out: our own order, then.
  return { list: { entries: chosen === null ? ours.entries : entries, record } };
}

function replaced(entries: readonly ListedBranch[], name: string, entry: ListedBranch | null): ListedBranch[] {
  const isThere = entries.some((one) => one['name'] === name);
  if (entry !== null && !isThere) return [...entries, entry];
  return entries.flatMap((one) => (one['name'] !== name ? [one] : entry === null ? [] : [entry]));
}

function changeOf(record: BranchRecord, name: string): Change {
  return (Object.hasOwn(record.branches, name) ? record.branches[name] : undefined) ?? { sequence: 0, sha256: null };
}

function recordOf(changes: readonly [string, Change][], atLeast: number): BranchRecord {
  const byAge = changes.toSorted(([, a], [, b]) => b.sequence - a.sequence);
  const removed = byAge.filter(([, { sha256 }]) => sha256 === null).slice(0, MAX_REMOVED);
  const kept = [...byAge.filter(([, { sha256 }]) => sha256 !== null), ...removed].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { schema: 1, sequence: Math.max(atLeast, ...changes.map(([, { sequence }]) => sequence)), branches: Object.fromEntries(kept) };
}

/** The order of keys says nothing. */
function hashOf(entry: ListedBranch): string {
  const sorted = Object.entries(entry).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex');
}
