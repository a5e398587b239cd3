/** What the step before this one could not write down itself, because it was killed. */
import { endedEarly } from '../../core/run/ended-early.ts';
import { UpdateError } from '../../core/errors.ts';
import type { RecordedStep } from '../../core/run/run-record.ts';
import { stepEnded } from '../../core/run/run-record.ts';
import type { Receipt } from '../../core/device/state.ts';
import { lstatOrNull } from '../../transaction/files/durable.ts';
import type { UnitEnding } from '../../io/systemd/unit-ending.ts';
import type { Killed, StepDeps } from '../deps.ts';
import { recordFailure } from './step-result.ts';

type Deps = Pick<StepDeps, 'files' | 'log' | 'now' | 'run' | 'paths' | 'place' | 'killed'>;

/** To be called with the lock, before the step is on record. Asks systemd only when the last step on record never told its end. */
export async function findKilled(
  { files, run }: Pick<Deps, 'files' | 'run'>,
  ending: (unit: string) => Promise<UnitEnding | null>,
): Promise<Killed | null> {
  const last = files.readRunRecord()?.steps.at(-1);
  if (last === undefined || last.ended !== null || last.invocation === run) return null;
  const unit = await ending(`pikit-update-${last.step}.service`);
  // A later start of the same unit, such as this step's own, says nothing of that one.
  return unit?.invocation === last.invocation ? { step: last.step, result: unit.result, exitStatus: unit.exitStatus } : null;
}

/**
 * To be called with the lock, before the step is on record: a step on record without an end is dead then. Its receipt is written
 * once. A transaction that it left open is reported by the step that resolves it. Best effort: never fails the step.
 */
export function recordKilledStep(deps: Deps, step: Receipt['step']): void {
  try {
    const record = deps.files.readRunRecord();
    const last = record?.steps.at(-1);
    if (record === null || last === undefined || last.ended !== null || last.invocation === deps.run || isToldElsewhere(deps, step, last)) return;
    const { code, message, hint } = endedEarly(last.step, deps.killed);
    const at = deps.now();
    deps.files.writeRunRecord(stepEnded(record, last.invocation, { at, outcome: 'failed', code, message, hint, version: null }));
    deps.log.warning(`${message} (started at ${last.started})`, { is: 'interrupted' });
    recordFailure(deps, { step: last.step, at, tookMs: null }, new UpdateError('STEP_FAILED', `${message}; it started at ${last.started}`, { hint }));
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
