/**
 * recover: at boot, before nginx and the API start, an update that the power cut short is undone or finished.
 * Restarts nothing: whatever is ordered after this unit has not started yet, and waiting for it would wait for ever.
 */
import type { StepDeps, StepResult } from './deps.ts';
import { brokenFailure, settleOpenTransaction } from './settle.ts';

export function recoverStep(deps: StepDeps): Promise<StepResult> {
  deps.report({ phase: 'recovering' });
  const { recovery, receipt } = settleOpenTransaction(deps, 'recover');
  deps.files.dropToken('rollback');
  switch (recovery.is) {
    case 'nothing':
      return Promise.resolve({ outcome: 'nothing', message: 'no update was interrupted' });
    case 'broken':
      return Promise.reject(brokenFailure(receipt));
    case 'undone':
    case 'finished':
    case 'rebuilt':
      return Promise.resolve({
        outcome: recovery.is === 'finished' ? 'ok' : 'rolled-back',
        message: receipt?.message ?? 'the interrupted update was resolved',
        recorded: true,
      });
    default:
      return recovery satisfies never;
  }
}
