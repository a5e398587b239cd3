/** Before an apply or a rollback: whatever an earlier run left open is resolved first. */
import { UpdateError, toUpdateError } from '../core/errors.ts';
import type { Receipt, State } from '../core/state.ts';
import { readInstalled } from '../transaction/installed.ts';
import type { Recovery } from '../transaction/recover.ts';
import { readJournal } from '../transaction/journal.ts';
import { recover } from '../transaction/recover.ts';
import type { Installed } from '../transaction/types.ts';
import { adoptReceipt } from './adopt.ts';
import type { StepDeps } from './deps.ts';
import { journalReceipt, plainReceipt } from './receipts.ts';
import { recordCommitted, recordUndone } from './record.ts';
import { RecordedFailure } from './recorded-failure.ts';

export interface Settled {
  recovery: Recovery;
  receipt: Receipt | null;
}

/**
 * Resolves an open transaction, and hands back what came of it for whoever called to tell. The device is on exactly one
 * release afterwards, unless the outcome is `broken`: that is recorded, and never tried again by itself.
 */
export function settleOpenTransaction(deps: StepDeps, step: Receipt['step']): Settled {
  quietly(deps, 'an earlier result could not be added to the history', () => {
    adoptReceipt(deps);
  });
  quietly(deps, 'what is known of this device could not be brought up to date', () => {
    tellHeld(deps);
    tellInstalled(deps);
  });

  let receipt: Receipt | null = null;
  const recovery = recover(deps.place, {
    undone: (journal) => {
      receipt = recordUndone(deps, step, journal);
    },
    finished: (journal) => {
      receipt = recordCommitted(deps, step, journal);
    },
  });
  if (recovery.is === 'rebuilt') receipt = recordRebuilt(deps, step, recovery.installed, recovery.aside);
  if (recovery.is === 'broken') receipt = recordBroken(deps, step, recovery);
  return { recovery, receipt };
}

/** The failure of a step that found the device broken. */
export function brokenFailure(receipt: Receipt | null): RecordedFailure {
  return new RecordedFailure(new UpdateError('BROKEN', receipt?.message ?? 'the update cannot be undone', { hint: receipt?.hint ?? BROKEN_HINT }));
}

/** held.json is root's; check reads the copy in state.json, which is begun anew when it was damaged. */
function tellHeld(deps: StepDeps): void {
  const state = deps.files.readState();
  const missing = deps.files.readHeld().versions.filter((held) => !state.held.some((known) => known.version === held.version));
  if (missing.length > 0) deps.files.writeState({ ...state, held: [...state.held, ...missing] });
}

/**
 * installed.json is root's as well, and a state that was begun anew, or could not be written when a transaction ended, does not know
 * what it says. What is committed now tells it itself.
 */
function tellInstalled(deps: StepDeps): void {
  let state = deps.files.readState();
  const current = deps.files.readVersion();
  if (current !== null && state.current !== current && readJournal(deps.place) === null) {
    state = { ...state, current, installed_branch: null, available: state.available?.version === current ? null : state.available };
    deps.files.writeState(state);
  }
  if (state.installed_branch !== null || state.current === null) return;
  const branch = readInstalled(deps.place)?.branch ?? null;
  if (branch !== null) deps.files.writeState({ ...state, installed_branch: branch });
}

function recordRebuilt(deps: StepDeps, step: Receipt['step'], installed: Installed | null, aside: string): Receipt {
  const version = installed?.version ?? null;
  const message = `the journal of an interrupted update was damaged (kept as '${aside}'); by its hashes the device is on ${version ?? 'no release'}, and was made exactly that`;
  const receipt = {
    ...plainReceipt({ step, at: deps.now(), tookMs: deps.tookMs() }, 'rolled-back', message, { from: null, to: version }),
    code: 'JOURNAL_CORRUPT',
  };
  record(deps, receipt, { current: version, installed_branch: installed?.branch ?? null });
  return receipt;
}

const BROKEN_HINT = 'look at `dmesg` (the card may be failing), then install a release again: `pikit-update apply`';

function recordBroken(deps: StepDeps, step: Receipt['step'], broken: Extract<Recovery, { is: 'broken' }>): Receipt {
  const message = `the update cannot be undone: ${broken.reason}; its journal is kept as '${broken.aside}'`;
  const facts = { step, at: deps.now(), tookMs: deps.tookMs() };
  const receipt: Receipt = {
    ...(broken.journal === null
      ? plainReceipt(facts, 'broken', message, { from: null, to: null })
      : journalReceipt(facts, deps.place, broken.journal, 'broken', message)),
    code: 'BROKEN',
    hint: BROKEN_HINT,
  };
  record(deps, receipt, {});
  return receipt;
}

/** The journal is closed already: nobody comes by again, and the device is what it is. */
function record(deps: StepDeps, receipt: Receipt, changes: Partial<State>): void {
  quietly(deps, 'the receipt could not be written', () => {
    deps.files.writeState({ ...deps.files.readState(), ...changes, last_result: receipt });
  });
  quietly(deps, 'the receipt could not be added to the history', () => {
    deps.files.appendHistory(receipt);
  });
}

function quietly(deps: StepDeps, what: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    deps.narrate.warning(`${what} (${toUpdateError(error).message}), ignoring`);
  }
}
