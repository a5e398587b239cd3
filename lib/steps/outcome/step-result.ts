/** What is written down when a step has ended and no transaction did it: the result in the state, a failure in the history too. */
import type { UpdateError } from '../../core/errors.ts';
import { toUpdateError } from '../../core/errors.ts';
import type { Receipt } from '../../core/device/state.ts';
import type { StepDeps, StepOutcome, StepResult } from '../deps.ts';
import type { Facts } from './receipts.ts';
import { failureReceipt, plainReceipt } from './receipts.ts';
import { writePublicFacts } from './write-public-facts.ts';

type Deps = Pick<StepDeps, 'files' | 'log' | 'place' | 'paths'>;

/** Writes the receipt of a step, unless its transaction has one. Best effort: the step is over, and told its end. */
export function recordEnd(deps: Deps, facts: Facts, end: StepOutcome): void {
  if (end.recorded === true) return;
  if (end.outcome === 'failed') recordFailure(deps, facts, end.failure);
  else recordResult(deps, facts, end);
}

function recordResult(deps: Deps, facts: Facts, result: StepResult): void {
  try {
    const about = result.branch === undefined ? facts : { ...facts, branch: result.branch };
    const receipt = plainReceipt(about, result.outcome, result.message, { from: result.from ?? null, to: result.to ?? null });
    const foreign = result.foreign === undefined ? {} : { foreign: result.foreign };
    writeLast(deps, { ...receipt, ...foreign, hint: result.hint ?? null });
  } catch (error) {
    deps.log.warning(`failed to record the result, ignoring: ${toUpdateError(error).message}`);
  }
}

/** Best effort: a disk that is full or read-only may be why the step failed, and that was told already. */
export function recordFailure(deps: Deps, facts: Facts, failure: UpdateError): void {
  try {
    const { current, branch, staged, available } = deps.files.readState();
    const isGoingUp = facts.step === 'fetch' || facts.step === 'apply';
    const receipt = failureReceipt({ ...facts, branch }, failure, {
      from: current,
      to: isGoingUp ? (staged?.version ?? available?.version ?? null) : null,
    });
    try {
      appendHistory(deps, receipt);
    } finally {
      // Before state.json, which repeats it; the runner publishes at its own end, and says what is wrong then.
      writePublicFacts({ ...deps, log: { ...deps.log, warning: () => undefined } }, facts.step, failure);
      writeLast(deps, receipt);
    }
  } catch (error) {
    const { code, message } = toUpdateError(error);
    if (code !== failure.code) deps.log.warning(`failed to record the result, ignoring: ${message}`);
  }
}

/** An installed version may not have been recorded when it was installed: every result repeats it. */
function writeLast({ files }: Deps, receipt: Receipt): void {
  const state = files.readState();
  const current = files.readVersion() ?? state.current;
  const available = state.available?.version === current ? null : state.available;
  // A device that is broken stays so until a step has changed its files: a search for updates is no news about it.
  const isNews = receipt.outcome !== 'nothing' && receipt.step !== 'check' && receipt.step !== 'fetch';
  const last = state.last_result?.outcome === 'broken' && !isNews ? state.last_result : receipt;
  files.writeState({ ...state, current, available, last_result: last });
}

function appendHistory(deps: Deps, receipt: Receipt): void {
  try {
    deps.files.appendHistory(receipt);
  } catch (error) {
    // Safe to ignore: on a device the history is root's, and the next root step takes over what check or fetch left in the state.
    if (receipt.step !== 'check' && receipt.step !== 'fetch') throw error;
  }
}
