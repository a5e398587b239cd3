/** What is written down when a step has ended and no transaction did it: the result in the state, a failure in the history too. */
import type { UpdateError } from '../core/errors.ts';
import { toUpdateError } from '../core/errors.ts';
import type { Receipt } from '../core/state.ts';
import type { StepDeps, StepResult } from './deps.ts';
import type { Facts } from './receipts.ts';
import { failureReceipt, plainReceipt } from './receipts.ts';

type Deps = Pick<StepDeps, 'files' | 'narrate'>;

/** Best effort: the step has done what it was to do. */
export function recordResult(deps: Deps, facts: Facts, result: StepResult): void {
  if (result.recorded === true) return;
  try {
    const about = result.branch === undefined ? facts : { ...facts, branch: result.branch };
    const receipt = plainReceipt(about, result.outcome, result.message, { from: result.from ?? null, to: result.to ?? null });
    const foreign = result.foreign === undefined ? {} : { foreign: result.foreign };
    writeLast(deps, { ...receipt, ...foreign, hint: result.hint ?? null });
  } catch (error) {
    deps.narrate.warning(`the receipt could not be written (${toUpdateError(error).message}), ignoring`);
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
      writeLast(deps, receipt);
    } finally {
      appendHistory(deps, receipt);
    }
    // One attempt was asked for, and this was it. After the receipt: the timer does not take the wish up in any case.
    if (isGoingUp) dropOrders(deps);
  } catch (error) {
    const { code, message } = toUpdateError(error);
    if (code !== failure.code) deps.narrate.warning(`the receipt could not be written (${message}), ignoring`);
  }
}

/** Those that are root's stay where fetch fails; the next order takes their place, and the timer does not go by them. */
function dropOrders({ files }: Deps): void {
  try {
    files.dropRetry();
    files.takeConfirmed();
  } catch (error) {
    if (toUpdateError(error).code !== 'PERMISSION') throw error;
  }
}

/** A device that is broken stays so until a step has changed its files: a search for updates is no news about it. */
function writeLast(deps: Deps, receipt: Receipt): void {
  const state = deps.files.readState();
  const isNews = receipt.outcome !== 'nothing' && receipt.step !== 'check' && receipt.step !== 'fetch';
  if (state.last_result?.outcome === 'broken' && !isNews) return;
  deps.files.writeState({ ...state, last_result: receipt });
}

function appendHistory(deps: Deps, receipt: Receipt): void {
  try {
    deps.files.appendHistory(receipt);
  } catch (error) {
    // Safe to ignore: on a device the history is root's, and the next root step takes over what check or fetch left in the state.
    if (receipt.step !== 'check' && receipt.step !== 'fetch') throw error;
  }
}
