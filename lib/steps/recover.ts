/**
 * recover: at boot, before nginx and the API start, an update that a power cut interrupted is undone or finished.
 * Restarts nothing: whatever is ordered after this unit has not started yet, and waiting for it would wait for ever.
 */
import type { StepDeps, StepOutcome } from './deps.ts';
import { brokenFailure, interruptedEvent, resolveInterrupted } from './outcome/resolve-interrupted.ts';

export function recoverStep(deps: StepDeps): Promise<StepOutcome> {
  deps.report({ phase: 'recovering' });
  const { recovery, receipt } = resolveInterrupted(deps, 'recover');
  deps.files.dropToken('rollback');
  switch (recovery.is) {
    case 'nothing':
      return Promise.resolve({ outcome: 'nothing', message: 'no update was interrupted' });
    case 'broken':
      return Promise.resolve(brokenFailure(receipt));
    case 'undone':
    case 'finished':
    case 'rebuilt':
      return Promise.resolve({
        outcome: recovery.is === 'finished' ? 'ok' : 'rolled-back',
        message: receipt?.message ?? 'the interrupted update was resolved',
        event: interruptedEvent(receipt),
        recorded: true,
      });
    default:
      return recovery satisfies never;
  }
}
