/** Before an apply or a rollback: whatever an earlier run left open is resolved first. */
import type { LifecycleEvent } from '../../core/events.ts';
import { UpdateError, toUpdateError } from '../../core/errors.ts';
import type { Receipt, State } from '../../core/device/state.ts';
import type { Installed, Recovery } from '../../transaction/types.ts';
import { recover } from '../../transaction/recovery/recover.ts';
import { importFailure } from './import-failure.ts';
import type { StepDeps, StepFailure } from '../deps.ts';
import { journalReceipt, plainReceipt } from './receipts.ts';
import { publishClosing } from './write-public-facts.ts';
import { recordCommitted, recordUndone } from './transaction-result.ts';

export interface Resolved {
  recovery: Recovery;
  receipt: Receipt | null;
}

/**
 * Resolves an open transaction, and returns what came of it for the caller to report. The device is on exactly one
 * release afterwards, unless the outcome is `broken`: that is recorded, and never retried automatically.
 */
export function resolveInterrupted(deps: StepDeps, step: Receipt['step']): Resolved {
  quietly(deps, 'failed to add an earlier result to the history', () => {
    importFailure(deps);
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
export function brokenFailure(receipt: Receipt | null): StepFailure {
  const failure = new UpdateError('BROKEN', receipt?.message ?? 'the update cannot be undone', { hint: receipt?.hint ?? BROKEN_HINT });
  return { outcome: 'failed', failure, recorded: true };
}

/** The event of the journal: an update was interrupted, with its result. */
export function interruptedEvent(receipt: Receipt | null): LifecycleEvent {
  return { is: 'interrupted', version: receipt?.to ?? null, branch: receipt?.branch ?? null };
}

function recordRebuilt(deps: StepDeps, step: Receipt['step'], installed: Installed | null, aside: string): Receipt {
  const version = installed?.version ?? null;
  const message = `the journal of an interrupted update was damaged (kept as '${aside}'); recovered ${version ?? 'the device without a release'} by comparing file hashes`;
  const receipt = {
    ...plainReceipt({ step, at: deps.now(), tookMs: deps.tookMs() }, 'rolled-back', message, { from: null, to: version }),
    code: 'JOURNAL_CORRUPT',
  };
  record(deps, receipt, { current: version });
  return receipt;
}

const BROKEN_HINT = 'check `dmesg` (the SD card may be failing), then install a release again with `pikit-update apply`';

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

/** The journal is closed already: no later step comes by again, and the device is what it is. */
function record(deps: StepDeps, receipt: Receipt, changes: Partial<State>): void {
  quietly(deps, 'failed to add the result to the history', () => {
    deps.files.appendHistory(receipt);
  });
  publishClosing(deps, null);
  quietly(deps, 'failed to record the result', () => {
    deps.files.writeState({ ...deps.files.readState(), ...changes, last_result: receipt });
  });
}

function quietly(deps: StepDeps, what: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    deps.log.warning(`${what}, ignoring: ${toUpdateError(error).message}`);
  }
}
