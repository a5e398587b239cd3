/**
 * What is written down at the end of a transaction, before its journal closes: state, held versions, history.
 * apply, rollback and recover end here alike, so a crash in between is recorded by the next step.
 */
import { isHeld } from '../../core/offer/decide.ts';
import { endedEarly, howEnded } from '../../core/run/ended-early.ts';
import { toUpdateError } from '../../core/errors.ts';
import { remarks, remarksHint } from '../../core/offer/remarks.ts';
import { describeFollowers, followers } from '../../core/release/stepping-stones.ts';
import type { Held, HeldVersion, Receipt, State } from '../../core/device/state.ts';
import { emptyState } from '../../core/device/state.ts';
import type { Journal } from '../../transaction/types.ts';
import type { StepDeps } from '../deps.ts';
import { journalReceipt } from './receipts.ts';
import { publishClosing } from './write-public-facts.ts';
import { dropStagingFolders } from '../staging/staging.ts';

/**
 * After a commit: the device is on `journal.to`. Throws when what root keeps to itself cannot be written; the journal stays open then.
 * What others may know is best effort, and its failure is in the receipt.
 */
export function recordCommitted(deps: StepDeps, step: Receipt['step'], journal: Journal): Receipt {
  const state = deps.files.readState();
  const extra = extraOf(deps, state, journal);
  const done =
    journal.kind === 'apply'
      ? `${journal.to ?? ''} is installed${journal.from === null ? '' : ` (before: ${journal.from})`}`
      : `rolled back from ${journal.from ?? 'nothing'} to ${journal.to ?? 'nothing'}`;
  const what = journal.failure === null ? [done, ...remarks(journal)].join('; ') : `${done}, but ${journal.failure.message}`;
  const message = `${what}${describeExtra(extra)}`;
  const outcome = journal.failure === null ? 'ok' : 'failed';
  const receipt = { ...journalReceipt({ step, at: deps.now(), tookMs: deps.tookMs() }, deps.place, journal, outcome, message), ...extra };
  receipt.hint ??= remarksHint(journal);
  deps.files.writeHeld(heldAfterCommit(deps.files.readHeld(), journal, receipt));
  const tidied = bestEffort(deps, receipt, [
    () => {
      // In this order, and the second only after the first: where the mark is, the release is complete.
      deps.files.removeStaged();
      dropStagingFolders(deps, null);
    },
  ]);
  deps.files.appendHistory(tidied);
  tell(deps, tidied, journal, { current: journal.to, latest: state.latest ?? journal.to, available: null, staged: null });
  return tidied;
}

/**
 * What others than root may know, once root's own files say it: published, and then in state.json. It is written where others may
 * write: whatever is wrong there keeps no transaction open, and is written again at the end of the next step.
 */
function tell(deps: StepDeps, receipt: Receipt, { failure }: Pick<Journal, 'failure'>, changes: Partial<State>): void {
  publishClosing(deps, failure);
  bestEffort(deps, receipt, [
    () => {
      deps.files.writeState({ ...deps.files.readState(), ...changes, last_result: receipt });
    },
  ]);
}

/** What fails is in the receipt that is returned, and a warning. */
function bestEffort(deps: StepDeps, receipt: Receipt, writes: readonly (() => void)[]): Receipt {
  let told = receipt;
  for (const write of writes) {
    try {
      write();
    } catch (error) {
      const problem = `failed to update the state of this device (${toUpdateError(error).message})`;
      deps.log.warning(`${problem}; the next step retries it`);
      told = { ...receipt, message: `${receipt.message}; ${problem}` };
    }
  }
  return told;
}

type Extra = Pick<Receipt, 'not_asked' | 'follows'>;

/** What the owner should know of how this release was chosen. */
function extraOf({ files }: StepDeps, { available }: State, { kind, to }: Journal): Extra {
  if (kind !== 'apply' || to === null) return {};
  const staged = files.readStaged();
  const notAsked = staged?.version === to ? staged.not_asked : undefined;
  const follow = available?.version === to ? followers(available.route ?? [], to) : [];
  return { ...(notAsked === undefined ? {} : { not_asked: notAsked }), ...(follow.length === 0 ? {} : { follows: follow }) };
}

function describeExtra({ not_asked: notAsked, follows = [] }: Extra): string {
  const asked = notAsked === undefined ? '' : `; failed to ask the source beforehand whether it still offers it (${notAsked})`;
  return `${asked}${follows.length === 0 ? '' : `; ${describeFollowers(follows)}`}`;
}

/** A version that is installed is no longer held; one that the owner rolled back is not installed automatically again. */
function heldAfterCommit(held: Held, journal: Journal, receipt: Receipt): Held {
  const versions = held.versions.filter((entry) => entry.version !== journal.to);
  if (journal.kind === 'rollback' && journal.from !== null && !versions.some((entry) => entry.version === journal.from)) {
    versions.push({ version: journal.from, reason: 'rolled-back', code: null, message: 'you rolled it back', at: receipt.at, attempts: 0 });
  }
  return { schema: 1, versions };
}

/**
 * After an undo: the device is on `journal.from` still. Never throws: going back must not depend on a line
 * in a log; what could not be written is said in the journal of the unit.
 */
export function recordUndone(deps: StepDeps, step: Receipt['step'], journal: Journal): Receipt {
  const cancelled = journal.failure?.code === 'CANCELLED';
  const { not_asked: notAsked } = extraOf(deps, emptyState(), journal);
  const plain = journalReceipt(
    { step, at: deps.now(), tookMs: deps.tookMs() },
    deps.place,
    journal,
    cancelled ? 'cancelled' : outcomeOf(journal),
    describeUndone(journal, interruption(deps, journal)),
  );
  const hint = plain.hint ?? interruption(deps, journal)?.hint ?? null;
  const receipt: Receipt = { ...plain, hint, ...(notAsked === undefined ? {} : { not_asked: notAsked }) };
  try {
    const held = heldAfterUndo(deps.files.readHeld(), journal, receipt);
    deps.files.writeHeld(held);
    const entry = held.versions.find(({ version }) => version === journal.to);
    const dropped = entry !== undefined && isHeld(entry) ? entry : null;
    const tidied = bestEffort(deps, receipt, [
      () => {
        // Useless now, and it would be offered again where the source cannot be asked.
        if (dropped !== null) deps.files.removeStaged();
      },
    ]);
    deps.files.appendHistory(tidied);
    tell(deps, tidied, journal, { current: journal.from, ...(dropped === null ? {} : withoutOffer(deps.files.readState(), dropped)) });
  } catch (error) {
    deps.log.warning(
      `failed to record the result, ignoring: ${toUpdateError(error).message}. The old files are restored. Result: ${receipt.message}`,
    );
  }
  return receipt;
}

function withoutOffer({ available }: State, { version, message }: HeldVersion): Pick<State, 'staged' | 'available'> {
  const isOffered = available?.version === version;
  return { staged: null, available: isOffered ? { ...available, outcome: 'held', reason: `it failed here before (${message})` } : available };
}

/** What ended the step that the journal is of, where its unit tells; a power cut leaves no trace there. */
function interruption({ killed }: Pick<StepDeps, 'killed'>, { kind, failure }: Journal): { how: string; hint: string } | null {
  const how = killed?.step === kind && failure === null ? howEnded(killed) : null;
  return how === null ? null : { how, hint: endedEarly(kind, killed).hint };
}

function describeUndone(journal: Journal, ended: { how: string } | null): string {
  const { kind, from, to, failure } = journal;
  const was = ended === null ? 'was interrupted' : `was interrupted (${ended.how})`;
  if (kind === 'rollback') {
    return `rolling back to ${to ?? 'the old files'} failed: ${failure?.message ?? `the rollback ${was}`}. ${stillOn(from)}`;
  }
  return `installing ${to ?? 'the update'} failed: ${failure?.message ?? `the update ${was}`}. ${stillOn(from)}`;
}

function stillOn(from: string | null): string {
  return from === null ? 'No release is installed' : `The device is still on ${from}`;
}

/** A rollback is undone only while nothing was changed yet: then the device did not go back. */
function outcomeOf(journal: Journal): Receipt['outcome'] {
  if (journal.kind === 'rollback') return 'failed';
  return journal.failure !== null && journal.phase === 'preparing' ? 'failed' : 'rolled-back';
}

/** Codes that speak against the version itself rather than against this day or this disk. */
const VERDICTS: ReadonlySet<string> = new Set(['SERVICE_FAILED', 'PROBE_FAILED', 'POST_INSTALL_FAILED']);

/** A verdict holds a version at once; three endings without one do as well (Mender's loop guard). A cancel counts for nothing. */
function heldAfterUndo(held: Held, journal: Journal, receipt: Receipt): Held {
  const version = journal.to;
  if (journal.kind !== 'apply' || version === null || journal.phase === 'preparing' || journal.failure?.code === 'CANCELLED') return held;
  const before = held.versions.find((entry) => entry.version === version);
  const attempts = (before?.attempts ?? 0) + 1;
  const others = held.versions.filter((entry) => entry.version !== version);
  const isVerdict = journal.failure !== null && VERDICTS.has(journal.failure.code);
  const entry: HeldVersion = {
    version,
    reason: isVerdict ? 'failed' : 'attempts',
    code: journal.failure?.code ?? null,
    message: journal.failure?.message ?? interrupted(attempts),
    at: receipt.at,
    attempts,
  };
  // An interrupted retry takes nothing back: neither an earlier verdict, nor that the owner left this version.
  const isStill = !isVerdict && (before?.reason === 'failed' || (before?.reason === 'rolled-back' && !isHeld(entry)));
  return { schema: 1, versions: [...others, isStill ? { ...before, attempts } : entry] };
}

function interrupted(attempts: number): string {
  return attempts === 1 ? 'an attempt to install it was interrupted' : `${String(attempts)} attempts to install it were interrupted`;
}
