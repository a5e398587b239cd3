/**
 * A crash-consistent change of files: after it, or after recovery from a crash at any moment of it, the managed tree is
 * exactly the old one or exactly the new one. One process, synchronous calls only, so that the order on disk is the order here.
 *
 *   open ── prepare ──→ enter ── swap ──→ commit        each may fail: undo
 *
 * | journal     | after a crash, the live tree is | recovery makes it           |
 * |-------------|----------------------------------|-----------------------------|
 * | none        | old or new                       | nothing to do               |
 * | preparing   | old, with our temp files         | old                         |
 * | applying    | any mix                          | old (a rollback: its target)|
 * | committed   | new, with our temp files         | new                         |
 */
import { randomBytes } from 'node:crypto';
import { UpdateError, toUpdateError } from '../core/errors.ts';
import type { SignedBy } from '../core/trust/trust-state.ts';
import { nextBackup } from './change/backups.ts';
import { lstatOrNull } from './files/durable.ts';
import { finishCommitted, finishUndone } from './change/finish.ts';
import { assertApplying, countFailure, readJournal, writeJournal } from './journal.ts';
import type { TransactionPaths } from './transaction-paths.ts';
import { editedFolder } from './transaction-paths.ts';
import type { Failure, Installed, Journal, Plan, Remarks } from './types.ts';
import { prepare } from './change/prepare.ts';
import { swap } from './change/swap.ts';
import { restoreOld } from './change/undo.ts';

export interface Opening {
  kind: Journal['kind'];
  from: string | null;
  to: string | null;
  branch: string;
  now: Date;
  /** A rollback: the backup that it reads. */
  backup: string | null;
  /** For the receipt. */
  remarks?: Remarks;
  signed?: SignedBy | null;
}

/**
 * Prepares everything, changes nothing live, and returns the journal in phase `preparing`.
 * On failure all that was made is removed again and the error is thrown: the device is exactly as before.
 */
export function open(place: TransactionPaths, opening: Opening, plan: Plan, before: Installed | null): Journal {
  if (lstatOrNull(place.journal) !== null) {
    throw new UpdateError('INTERNAL', `a transaction is open already: '${place.journal}' is there`, { hint: 'recover it first' });
  }
  const journal: Journal = {
    v: 1,
    tx: freshId(place),
    kind: opening.kind,
    phase: 'preparing',
    from: opening.from,
    to: opening.to,
    branch: opening.branch,
    started: opening.now.toISOString(),
    undos: 0,
    backup: opening.backup ?? nextBackup(place, opening.now),
    ops: plan.ops,
    mkdirs: plan.mkdirs,
    rmdirs: plan.rmdirs,
    drift: plan.drift,
    foreign: plan.foreign.map((file) => file.path),
    left: plan.left,
    kept: plan.kept,
    failure: null,
    ...opening.remarks,
    ...(opening.signed === null || opening.signed === undefined ? {} : { signed: opening.signed }),
  };
  try {
    prepare(place, journal, plan, before);
  } catch (error) {
    removePrepared(place, journal);
    throw error;
  }
  return journal;
}

/** No transaction that has kept files of the owner had it: what is kept is never written over. */
function freshId(place: TransactionPaths): string {
  const tx = randomBytes(4).toString('hex');
  return lstatOrNull(editedFolder(place, { tx })) === null ? tx : freshId(place);
}

/** What prevented the preparation may prevent this too; the error to report is the first one. */
function removePrepared(place: TransactionPaths, journal: Journal): void {
  try {
    finishUndone(place, journal, () => undefined);
  } catch {
    // Safe to ignore: nothing live has changed, and the journal is still there, so that recovery removes the rest.
  }
}

/**
 * The point of intent, then the swap. Returns the journal in phase `applying`.
 * Throws when a call failed: the tree may be a mix then, the journal says so, and the caller calls undo().
 */
export function startApplying(place: TransactionPaths, journal: Journal): Journal {
  const applying: Journal = { ...journal, phase: 'applying' };
  writeJournal(place, applying);
  swap(place, applying);
  return applying;
}

/**
 * The commit point, then the sweep. `record` writes state and history; it is called before the journal closes, and again by
 * recovery after a crash. Throws without committing when the journal cannot be written; once it is, what is left to do is
 * left to recovery if it fails, and the returned error says so.
 */
export function commit(place: TransactionPaths, journal: Journal, record: (journal: Journal) => void): UpdateError | null {
  const committed: Journal = { ...journal, phase: 'committed' };
  writeJournal(place, committed);
  try {
    finishCommitted(place, committed, () => {
      record(committed);
    });
    return null;
  } catch (error) {
    return toUpdateError(error);
  }
}

/**
 * Back to exactly the old tree, from either phase before commit, and from a commit() that threw. `record` must not throw for
 * want of space. Throws when the tree could not be restored; the journal stays then, and recovery goes by what it says.
 */
export function undo(place: TransactionPaths, journal: Journal, failure: Failure | null, record: (journal: Journal) => void): void {
  // The disk may be ahead of the caller: enter() may have failed in the swap, and commit() after the rename of its journal.
  const swapped = journal.phase !== 'preparing' || readJournal(place)?.phase !== 'preparing';
  const undoing: Journal = { ...journal, phase: swapped ? 'applying' : 'preparing', failure: failure ?? journal.failure };
  if (swapped) {
    assertApplying(place, undoing);
    try {
      restoreOld(place, undoing);
    } catch (error) {
      countFailure(place, undoing);
      throw error;
    }
  }
  finishUndone(place, undoing, () => {
    record(undoing);
  });
}
