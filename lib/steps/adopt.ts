import type { StepDeps } from './deps.ts';

/**
 * check and fetch may not write to root's history. A failure of theirs is in state.json until the next result replaces it,
 * so the next root step takes it over first: every failure has its line in the history.
 */
export function adoptReceipt(deps: StepDeps): void {
  const { last_result: last } = deps.files.readState();
  if (last === null || (last.step !== 'check' && last.step !== 'fetch') || last.outcome !== 'failed') return;
  if (deps.files.readHistory().some((receipt) => receipt.step === last.step && receipt.at === last.at)) return;
  deps.files.appendHistory(last);
}
