/**
 * branches.json as it is written: in order, two blanks deep, with whatever keys a newer tool gave an entry. What is asked for is
 * changed in the document itself; nothing that this version does not know is lost. Each change gets a number, which is kept beside it
 * (lib/core/release/branch-record.ts).
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { BranchRecord, ListedBranch } from '../../core/release/branch-record.ts';
import { branchRecordText, parseBranchRecord, settledRecord } from '../../core/release/branch-record.ts';
import type { Branch } from '../../core/release/branches.ts';
import { parseBranches } from '../../core/release/branches.ts';
import { UpdateError } from '../../core/errors.ts';
import { BRANCHES_NAME, BRANCH_RECORD_NAME } from '../../core/release/site-layout.ts';
import { writeDurable } from '../../transaction/files/durable.ts';
import { readIfThere } from './site.ts';

/** An entry as the file has it. */
export type BranchEntry = ListedBranch;

/** What can be said about a branch, by the names of the file. */
export type BranchFields = Partial<Omit<Branch, 'name'>>;

/**
 * Replaces the list by what `change` makes of it, atomically and durably; a list that stays the same is not touched, and false is
 * the answer. Throws SITE_INVALID when the list cannot be read, INPUT_REFUSED when devices could not read the new one, BUSY when
 * another process wrote the file meanwhile; each leaves the file as it is, and so does `onNew`, which gets the new list before it is
 * written, when it throws.
 */
export function changeBranchList(
  dir: string,
  change: (entries: readonly BranchEntry[]) => readonly BranchEntry[],
  onNew: (list: Buffer) => void = () => undefined,
): boolean {
  const path = join(dir, BRANCHES_NAME);
  const before = fs.readFileSync(path);
  parseBranches(before, `'${path}'`);
  const entries = entriesOf(before);
  const record = settleRecord(join(dir, BRANCH_RECORD_NAME), entries);
  const changed = change(entries);
  if (isDeepStrictEqual(changed, entries)) return false;
  const after = checked(Buffer.from(`${JSON.stringify(changed, null, 2)}\n`));
  if (!fs.readFileSync(path).equals(before)) {
    throw new UpdateError('BUSY', `another process changed '${path}' in the meantime`, { hint: 'look at it, and run the command again' });
  }
  onNew(after);
  writeDurable(path, after, { mode: 0o644 });
  writeDurable(join(dir, BRANCH_RECORD_NAME), branchRecordText(settledRecord(record, changed)), { mode: 0o644 });
  return true;
}

/**
 * The record, brought up to the list; one that is behind is written, with what a run left beside it that was cut short between the
 * two files: run again, that run has nothing to change, and would never come to it. A site without one gets it with its next change.
 */
function settleRecord(path: string, entries: readonly BranchEntry[]): BranchRecord {
  const bytes = readIfThere(path);
  const record = settledRecord(parseBranchRecord(bytes, `'${path}'`), entries);
  const text = branchRecordText(record);
  if (bytes !== null && bytes.toString() !== text) writeDurable(path, text, { mode: 0o644 });
  return record;
}

/** The entry of one branch, or null. */
export function entryOf(entries: readonly BranchEntry[], name: string): BranchEntry | null {
  return entries.find((entry) => entry['name'] === name) ?? null;
}

/** The entries of a list that parseBranches accepts. */
export function entriesOf(bytes: Buffer): BranchEntry[] {
  const value: unknown = JSON.parse(bytes.toString());
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry: unknown) => (typeof entry === 'object' && entry !== null ? [Object.fromEntries(Object.entries(entry))] : []));
}

function checked(bytes: Buffer): Buffer {
  try {
    parseBranches(bytes, 'the new list');
  } catch (error) {
    throw new UpdateError('INPUT_REFUSED', error instanceof Error ? error.message : String(error), { cause: error });
  }
  return bytes;
}
