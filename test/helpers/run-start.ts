/** Steps that begin and end, for tests of the file of the run. */
import { randomUUID } from 'node:crypto';
import type { StepEnd, StepStart } from '../../lib/core/run/run-record.ts';
import { stepBegun, stepEnded } from '../../lib/core/run/run-record.ts';
import type { StateFiles } from '../../lib/io/state/state-files.ts';

const AT = new Date('2026-11-20T12:00:00.000Z');

export function stepStart(step: StepStart['step'], more: Partial<StepStart> = {}): StepStart {
  const by = { byTimer: false, token: null, auto: 'check', begun: null } as const;
  return { step, invocation: `${step}-1`, pid: process.pid, at: AT, ...by, ...more };
}

/** What the program of a unit leaves that has run by hand. */
export function leaveRun(files: StateFiles, unit: string, end: Partial<StepEnd> = {}): void {
  const step = (['check', 'fetch', 'apply', 'rollback', 'recover'] as const).find((name) => unit === `pikit-update-${name}.service`);
  if (step === undefined) return;
  const invocation = randomUUID();
  const nothing = { at: AT, outcome: 'nothing', code: null, message: 'there was nothing to do', hint: null, version: null } as const;
  files.writeRunRecord(stepEnded(stepBegun(null, stepStart(step, { invocation })), invocation, { ...nothing, ...end }));
}
