/** What the step before this one could not write down itself, because it was killed. */
import { endedEarly } from '../core/ended-early.ts';
import { UpdateError } from '../core/errors.ts';
import type { RecordedStep } from '../core/run-record.ts';
import { stepEnded } from '../core/run-record.ts';
import type { Receipt } from '../core/state.ts';
import { lstatOrNull } from '../transaction/durable.ts';
import type { StepDeps } from './deps.ts';
import { recordFailure } from './ended.ts';

type Deps = Pick<StepDeps, 'files' | 'narrate' | 'now' | 'run' | 'paths'>;

/**
 * To be called with the lock, before the step is on record: whoever is there without an end is dead then. Its receipt is written
 * once. A change of files that it left open is told by the step that resolves that. Best effort, and never in the way of the step.
 */
export function recordKilledStep(deps: Deps, step: Receipt['step']): void {
  try {
    const record = deps.files.readRunRecord();
    const last = record?.steps.at(-1);
    if (record === null || last === undefined || last.ended !== null || last.invocation === deps.run || isToldElsewhere(deps, step, last)) return;
    const { code, message, hint } = endedEarly(last.step, null);
    const at = deps.now();
    deps.files.writeRunRecord(stepEnded(record, last.invocation, { at, outcome: 'failed', code, message, hint, version: null }));
    deps.narrate.warning(`${message} (it began at ${last.started}), ignoring`);
    recordFailure(deps, { step: last.step, at, tookMs: null }, new UpdateError('STEP_FAILED', `${message}; it began at ${last.started}`, { hint }));
  } catch {
    // Safe to ignore: it is about a step that is over, and its unit tells how it ended.
  }
}

function isToldElsewhere({ files, paths }: Deps, step: Receipt['step'], killed: RecordedStep): boolean {
  if (killed.step !== 'check' && killed.step !== 'fetch') {
    // A rollback goes on with the run of the apply that it clears up after; and these are for root to tell, who can see the journal.
    if (step !== 'apply' && step !== 'recover') return true;
    if (lstatOrNull(paths.journal) !== null) return true;
  }
  const { last_result: told } = files.readState();
  return told?.step === killed.step && told.at >= killed.started;
}
