/** The list of branches that is to be published, out of ours and the one that is there (lib/core/release/branch-record.ts). */
import fs from 'node:fs';
import { join } from 'node:path';
import type { ListState } from '../../core/release/branch-record.ts';
import { branchRecordText, mergeLists, parseBranchRecord, settledRecord } from '../../core/release/branch-record.ts';
import { parseBranches } from '../../core/release/branches.ts';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import { BRANCHES_NAME, BRANCH_RECORD_NAME } from '../../core/release/site-layout.ts';
import { writeDurable } from '../../transaction/files/durable.ts';
import { entriesOf } from '../site/branch-list.ts';
import { readIfThere } from '../site/site.ts';

export interface ListBytes {
  list: Buffer | null;
  record: Buffer | null;
}

export interface ListMerge {
  ours: ListBytes;
  theirs: ListBytes;
  /** Null: the whole list. */
  branches: readonly string[] | null;
  /** Where it is published, as `--to` has it. */
  to: string;
}

/** The list and its record as a folder has them. */
export function readList(dir: string): ListBytes {
  return { list: readIfThere(join(dir, BRANCHES_NAME)), record: readIfThere(join(dir, BRANCH_RECORD_NAME)) };
}

/**
 * Writes down the numbers of changes that were made by hand, as far as the folder can be written: from then on they are told from
 * later ones. A list that is not `published` any more is left to its next change. Only under the lock of the site.
 */
export function settleList(dir: string, published: ListBytes): void {
  const { list, record } = readList(dir);
  if (list === null || published.list?.equals(list) !== true) return;
  const before = parseBranchRecord(record, `'${join(dir, BRANCH_RECORD_NAME)}'`);
  const text = branchRecordText(settledRecord(before, entriesOf(list)));
  if (text === branchRecordText(before)) return;
  try {
    writeDurable(join(dir, BRANCH_RECORD_NAME), text, { mode: 0o644 });
  } catch (error) {
    // Safe to ignore: a user who may only read the site publishes what it says.
    if (!['EACCES', 'EPERM', 'EROFS'].includes(errnoOf(error) ?? '')) throw error;
  }
}

/**
 * What is to be published; no record where there is none, and no branch was ever listed. Bytes that need no change are the bytes of now. Throws VERSION_NOT_NEWER when an entry that is there is
 * as new as ours and another one, SITE_INVALID when a list cannot be read and is not replaced as a whole.
 */
export function mergedList({ ours, theirs, branches, to }: ListMerge): { list: Buffer; record: Buffer | null } {
  const their = branches === null ? readable(theirs, to) : { ...theirState(theirs, to), isBroken: false };
  const merged = mergeLists(ourState(ours), their, branches);
  if ('behind' in merged) {
    const { branch, ours: mine, theirs: published } = merged.behind;
    const apart = mine === published ? 'both were changed apart' : 'what is there is newer';
    throw new UpdateError(
      'VERSION_NOT_NEWER',
      `'${to}' has another entry of the branch '${branch}' (change ${String(published)}) than this site (change ${String(mine)}): ${apart}`,
      { hint: wayOut(to) },
    );
  }
  const { entries, record } = merged.list;
  const same = [...(their.isBroken ? [] : [theirs]), ours].find(
    ({ list }) => list !== null && JSON.stringify(entriesOf(list)) === JSON.stringify(entries),
  )?.list;
  const hasRecord = theirs.record !== null || record.sequence > 0;
  return {
    list: same ?? Buffer.from(`${JSON.stringify(entries, null, 2)}\n`),
    record: hasRecord ? Buffer.from(branchRecordText(record)) : null,
  };
}

/** What to do when the site does not know all that is published. */
export function wayOut(to: string): string {
  return `${wayOutOfSigned(to)}; \`publish --branch NAME\` changes one branch only`;
}

/** The same for a signed site, which is published as a whole. */
export function wayOutOfSigned(to: string): string {
  return `this site is an old copy, or was started again: take over what is published with \`pikit-release init --from ${to} --site NEW\`, and go on there`;
}

function ourState({ list, record }: ListBytes): ListState {
  const entries = listed(list, 'the list of the site');
  return { entries, record: settledRecord(parseBranchRecord(record, 'the record of changes of the site'), entries) };
}

function theirState({ list, record }: ListBytes, to: string): ListState {
  const entries = listed(list, `the list at '${to}'`);
  const known = parseBranchRecord(record, `the record of changes at '${to}'`);
  // Published before there were records: whatever we have is newer.
  return { entries, record: record === null ? known : settledRecord(known, entries) };
}

function listed(list: Buffer | null, what: string): ListState['entries'] {
  if (list === null) return [];
  parseBranches(list, what);
  return entriesOf(list);
}

/** A list that devices cannot read is no reason to leave it there. */
function readable(theirs: ListBytes, to: string): ListState & { isBroken: boolean } {
  try {
    return { ...theirState(theirs, to), isBroken: false };
  } catch (error) {
    if (!(error instanceof UpdateError) || error.code !== 'SITE_INVALID') throw error;
    return { ...theirState({ list: null, record: null }, to), isBroken: true };
  }
}

/** Copies list and record of a site into another folder, as they are. */
export function copyList(from: string, to: string): void {
  for (const name of [BRANCHES_NAME, BRANCH_RECORD_NAME]) if (fs.existsSync(join(from, name))) fs.copyFileSync(join(from, name), join(to, name));
}
