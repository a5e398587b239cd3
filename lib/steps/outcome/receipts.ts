/** A receipt says how a step ended, for those who ask later: status, history, the dashboard. */
import type { UpdateError } from '../../core/errors.ts';
import type { Receipt } from '../../core/device/state.ts';
import type { TransactionPaths } from '../../transaction/transaction-paths.ts';
import { editedCopy } from '../../transaction/transaction-paths.ts';
import { ownersFiles } from '../../transaction/change/prepare.ts';
import type { Failure, Journal } from '../../transaction/types.ts';

export interface Facts {
  step: Receipt['step'];
  at: Date;
  /** The branch that it was about. */
  branch?: string;
  /** How long it took, by a monotonic clock. */
  tookMs: number | null;
}

interface Versions {
  from: string | null;
  to: string | null;
}

const BLANK = {
  code: null,
  hint: null,
  subject: null,
  lines: [],
  from: null,
  to: null,
  branch: null,
  tx: null,
  duration_ms: null,
  drift: [],
  kept: [],
};

/** The receipt of a step that did not touch the files of the device. */
export function plainReceipt(facts: Facts, outcome: Receipt['outcome'], message: string, versions: Versions): Receipt {
  return {
    ...BLANK,
    step: facts.step,
    outcome,
    at: facts.at.toISOString(),
    message,
    ...versions,
    branch: facts.branch ?? null,
    duration_ms: facts.tookMs,
  };
}

/** The receipt of a step that failed before it touched the files of the device. */
export function failureReceipt(facts: Facts, error: UpdateError, versions: Versions): Receipt {
  const outcome = error.code === 'CANCELLED' ? 'cancelled' : error.code === 'BROKEN' ? 'broken' : 'failed';
  const foreign = error.foreign.length === 0 ? {} : { foreign: [...error.foreign] };
  return { ...plainReceipt(facts, outcome, error.message, versions), ...reasonOf(toFailure(error)), ...foreign };
}

/** The receipt of a transaction. */
export function journalReceipt(facts: Facts, place: TransactionPaths, journal: Journal, outcome: Receipt['outcome'], message: string): Receipt {
  return {
    step: facts.step,
    outcome,
    at: facts.at.toISOString(),
    message,
    ...(journal.failure === null ? { code: null, hint: null, subject: null, lines: [] } : reasonOf(journal.failure)),
    from: journal.from,
    to: journal.to,
    branch: journal.branch,
    tx: journal.tx,
    duration_ms: facts.tookMs,
    drift: journal.drift,
    kept: journal.kept,
    ...ownersFilesOf(journal, place),
    ...(journal.shadows === undefined ? {} : { shadows: journal.shadows }),
    ...(journal.unrestarted === undefined ? {} : { unrestarted: journal.unrestarted }),
    ...(journal.signed === undefined ? {} : { signed: journal.signed }),
    ...(journal.commands === undefined ? {} : { commands: journal.commands }),
  };
}

/** The owner's files that a transaction took the place of. After an undo they are where they were, and nothing is kept. */
function ownersFilesOf(journal: Journal, place: TransactionPaths): Pick<Receipt, 'foreign' | 'edits' | 'left'> {
  const foreign = new Set(journal.foreign);
  const isCommitted = journal.phase === 'committed';
  const files = ownersFiles(journal.ops, journal).map(({ path, sha256 }) => ({
    path,
    sha256,
    copy: isCommitted ? editedCopy(place, journal, path) : null,
  }));
  const known = files.filter(({ path }) => foreign.has(path));
  const edits = isCommitted ? files.filter(({ path }) => !foreign.has(path)) : [];
  const left = isCommitted ? (journal.left ?? []) : [];
  return { ...(known.length > 0 && { foreign: known }), ...(edits.length > 0 && { edits }), ...(left.length > 0 && { left }) };
}

/** What the journal keeps of an error, so that a crash during the undo does not lose the reason. */
export function toFailure(error: UpdateError): Failure {
  return { code: error.code, message: error.message, hint: error.hint, subject: error.subject, lines: error.lines };
}

function reasonOf(failure: Failure): Pick<Receipt, 'code' | 'hint' | 'subject' | 'lines'> {
  return { code: failure.code, hint: failure.hint, subject: failure.subject, lines: failure.lines };
}
