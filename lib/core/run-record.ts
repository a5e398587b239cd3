/** What the steps of one run write down about themselves: which of them there were, and what each of them came to. */
import * as z from 'zod';
import type { Token } from './state.ts';
import { Receipt } from './state.ts';

const Time = z.iso.datetime();

export const RecordedStep = z.strictObject({
  step: Receipt.shape.step,
  /** systemd's id of this start, or a random one. */
  invocation: z.string(),
  pid: z.int().positive(),
  started: Time,
  /** These are null until it has ended. One that was killed never says. */
  ended: Time.nullable(),
  outcome: Receipt.shape.outcome.nullable(),
  code: z.string().nullable(),
  message: z.string().nullable(),
  hint: z.string().nullable(),
  /** The release that it was about, once that is known. */
  version: z.string().nullable(),
});
export type RecordedStep = z.infer<typeof RecordedStep>;

export const RunRecord = z.strictObject({
  schema: z.literal(1),
  /** The invocation of its first step. */
  id: z.string(),
  by: z.enum(['owner', 'timer']),
  started: Time,
  /** How far the timer let it go; null until a step has been granted that. */
  until: z.enum(['fetch', 'apply']).nullable().default(null),
  steps: z.array(RecordedStep).min(1),
});
export type RunRecord = z.infer<typeof RunRecord>;

/** A step that begins. */
export interface StepStart {
  step: Receipt['step'];
  invocation: string;
  pid: number;
  at: Date;
  byTimer: boolean;
  /** What granted it, if anything did. */
  token: Token | null;
}

/** A step that was started by hand, or as a part of `apply`, begins at once when the one before has ended. */
const AT_ONCE_MS = 60_000;

/** Whether a step belongs to the run on record, or is the first of a new one. */
export function continues(record: RunRecord, { step, at, token }: Pick<StepStart, 'step' | 'at' | 'token'>): boolean {
  const last = record.steps.at(-1);
  if (last === undefined) return false;
  if (token !== null) return token.run === record.id || record.steps.some(({ invocation }) => invocation === token.run);
  if (step === 'rollback') return last.step === 'apply' && last.ended === null;
  if (step !== 'apply' || last.step !== 'fetch' || record.by === 'timer') return false;
  return (last.outcome === 'ok' || last.outcome === 'nothing') && isWithin(last.ended, at, AT_ONCE_MS);
}

/** Whether a time is at most so long ago. */
export function isWithin(time: string | null, now: Date, ms: number): boolean {
  if (time === null) return false;
  const past = now.getTime() - Date.parse(time);
  return past >= 0 && past <= ms;
}

/** The record with one more step, or that of a new run. */
export function stepBegun(record: RunRecord | null, start: StepStart): RunRecord {
  const { step, invocation, pid, token } = start;
  const started = start.at.toISOString();
  const begun: RecordedStep = { step, invocation, pid, started, ended: null, outcome: null, code: null, message: null, hint: null, version: null };
  const until = token === null || token.until === 'rollback' ? null : token.until;
  if (record !== null && continues(record, start)) return { ...record, until: until ?? record.until, steps: [...record.steps, begun] };
  return { schema: 1, id: invocation, by: start.byTimer || token?.by === 'timer' ? 'timer' : 'owner', started, until, steps: [begun] };
}

/** What a step came to. */
export type StepEnd = Pick<RecordedStep, 'code' | 'hint' | 'version'> & { at: Date; outcome: Receipt['outcome']; message: string };

/** The record with the end of a step; as it was when that step is not on it. */
export function stepEnded(record: RunRecord, invocation: string, { at, ...end }: StepEnd): RunRecord {
  const steps = record.steps.map((step) =>
    step.invocation === invocation && step.ended === null ? { ...step, ...end, ended: at.toISOString() } : step,
  );
  return { ...record, steps };
}
