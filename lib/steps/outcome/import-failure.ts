import type { StepDeps } from '../deps.ts';

/** A hundred of them are far from the size at which the history itself is set aside. */
const MAX_LENGTH = 16 * 1024;

/**
 * The one thing that root takes from state.json for itself: check and fetch may not write to root's history. A failure of theirs is
 * in state.json until the next result replaces it, so the next step of root adds it first. One that is far longer than any of
 * theirs is not taken: their user may have written it to push root's own out of the history.
 */
export function importFailure(deps: StepDeps): void {
  const { last_result: last } = deps.files.readState();
  if (last === null || (last.step !== 'check' && last.step !== 'fetch') || last.outcome !== 'failed') return;
  if (deps.files.readHistory().some((receipt) => receipt.step === last.step && receipt.at === last.at)) return;
  if (JSON.stringify(last).length > MAX_LENGTH) {
    deps.log.warning(`the receipt of the last ${last.step} has more than ${String(MAX_LENGTH)} characters; it is not added to the history`);
    return;
  }
  deps.files.appendHistory(last);
}
