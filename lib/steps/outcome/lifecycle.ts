/** Which event of the journal (lib/core/events.ts) the result or the failure of a step is. */
import type { ErrorCode } from '../../core/errors.ts';
import type { LifecycleEvent } from '../../core/events.ts';
import { signersOf } from '../../core/trust/signed-words.ts';
import { isTrustCode } from '../../core/trust/trust-words.ts';
import type { Receipt } from '../../core/device/state.ts';
import type { StepDeps, StepFailure, StepOutcome } from '../deps.ts';

type Step = Receipt['step'];

const DONE = { check: 'available', fetch: 'downloaded', apply: 'installed', rollback: 'rolled-back', recover: 'interrupted' } as const;

/** Undefined for a step that had nothing to do. Never throws: of a failure, what would be in a state that cannot be read is left out. */
export function lifecycleEvent({ files }: Pick<StepDeps, 'files'>, step: Step, end: StepOutcome): LifecycleEvent | undefined {
  if (end.outcome === 'failed') {
    const { code } = end.failure;
    return { is: failureEvent(code), code, ...aboutFailure(files, step, end) };
  }
  const { outcome, event, to = null, branch = null, signed } = end;
  const by = signed ? { signedBy: signersOf(signed) } : {};
  return event ?? (outcome === 'ok' ? { is: DONE[step], version: to, branch, ...by } : undefined);
}

function failureEvent(code: ErrorCode): LifecycleEvent['is'] {
  if (code === 'BROKEN' || code === 'UNDO_FAILED') return 'broken';
  return isTrustCode(code) ? 'untrusted' : 'failed';
}

function aboutFailure(files: StepDeps['files'], step: Step, { recorded }: StepFailure): Pick<LifecycleEvent, 'version' | 'branch'> {
  try {
    const { branch, staged, available, last_result: last } = files.readState();
    if (recorded && last?.step === step) return { version: last.to, branch: last.branch };
    const isGoingUp = step === 'fetch' || step === 'apply';
    return { version: isGoingUp ? (staged?.version ?? available?.version ?? null) : null, branch };
  } catch {
    // Safe to ignore: these are fields of a line that is written without them as well.
    return {};
  }
}
