/**
 * run.json: the run that is going on or was the last one. It is opened with its purpose (`kind` and `plan`), each step writes what
 * it does and what it came to, and the last one that runs says that the run has ended.
 */
import * as z from 'zod';
import type { Auto, Token } from '../device/state.ts';
import { Receipt } from '../device/state.ts';
import { Run } from './run.ts';

const Time = z.iso.datetime();
const Step = Receipt.shape.step;
type Step = Receipt['step'];

export const RecordedStep = z.strictObject({
  step: Step,
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
  schema: z.literal(2),
  /** Given to it before its first step by the unit that opens an update; otherwise the invocation of that step. */
  id: z.string(),
  kind: Run.shape.kind,
  by: Run.shape.by,
  opened: Time,
  /** The steps that it is to take, in their order. */
  plan: z.array(Step).min(1),
  steps: z.array(RecordedStep).min(1),
  /** What the step at work is doing, as it reported last. */
  now: z
    .strictObject({
      phase: z.string(),
      version: z.string().nullable(),
      bytes: z.int().nullable(),
      total_bytes: z.int().nullable(),
      rate_bytes_per_s: z.int().nullable(),
      updated: Time,
    })
    .nullable(),
  /** Of the whole run: the one never goes back, and the other never grows. */
  percent: Run.shape.percent,
  seconds_left: Run.shape.seconds_left,
  /** Null while it is open: a step is at work, or the next one is to come. */
  ended: Time.nullable(),
});
export type RunRecord = z.infer<typeof RunRecord>;

/** A step that begins. */
export interface StepStart {
  step: Step;
  invocation: string;
  pid: number;
  at: Date;
  byTimer: boolean;
  /** What granted it, if anything did. */
  token: Token | null;
  /** How far the owner lets the timer go. */
  auto: Auto;
  /** The update that was started by hand and has no step yet. */
  begun: Begun | null;
}

export interface Begun {
  id: string;
  at: string;
}

/** The record with one more step, or that of a new run. */
export function stepBegun(record: RunRecord | null, start: StepStart): RunRecord {
  const { step, invocation, pid } = start;
  const run = record !== null && continues(record, start) ? record : opened(start);
  const plan = run.plan.includes(step) ? run.plan : [...run.plan, step];
  const begun = {
    step,
    invocation,
    pid,
    started: start.at.toISOString(),
    ended: null,
    outcome: null,
    code: null,
    message: null,
    hint: null,
    version: null,
  };
  return { ...run, plan, steps: [...run.steps, begun], now: null, percent: isOpenEnded(step, plan) ? null : (run.percent ?? 0), ended: null };
}

/** A step goes on with the run that its token names; without one, an apply with the run of the owner that it is the next step of. */
function continues(record: RunRecord, { step, token }: StepStart): boolean {
  if (token !== null) return token.run === record.id || record.steps.some(({ invocation }) => invocation === token.run);
  return step === 'apply' && record.by === 'owner' && nextOf(record) === step;
}

function opened(start: StepStart): RunRecord {
  const { step, token, begun, at, byTimer } = start;
  const ofUpdate = token === null && (step === 'fetch' || step === 'apply') ? begun : null;
  return {
    schema: 2,
    id: ofUpdate?.id ?? start.invocation,
    ...purposeOf(start, ofUpdate !== null),
    by: byTimer || token?.by === 'timer' ? 'timer' : 'owner',
    opened: ofUpdate?.at ?? at.toISOString(),
    steps: [],
    now: null,
    percent: null,
    seconds_left: null,
    ended: null,
  };
}

type Purpose = Pick<RunRecord, 'kind' | 'plan'>;

const CHECK: Purpose = { kind: 'check', plan: ['check'] };

function purposeOf({ step, byTimer, auto, token }: StepStart, isUpdate: boolean): Purpose {
  switch (step) {
    case 'check':
      if (byTimer && auto === 'install') return { kind: 'update', plan: ['check', 'fetch', 'apply'] };
      return byTimer && auto === 'download' ? { kind: 'download', plan: ['check', 'fetch'] } : CHECK;
    case 'fetch':
      return isUpdate || token?.until === 'apply' ? { kind: 'update', plan: ['fetch', 'apply'] } : { kind: 'download', plan: ['fetch'] };
    case 'apply':
      return { kind: 'update', plan: ['apply'] };
    case 'rollback':
      return { kind: 'rollback', plan: ['rollback'] };
    case 'recover':
      return { kind: 'recovery', plan: ['recover'] };
    default:
      return step satisfies never;
  }
}

/** An update that was started by hand and has no step yet. */
export function updateBegun({ id, at }: Begun): RunRecord {
  const nothing = { steps: [], now: null, percent: null, seconds_left: null, ended: null };
  return { schema: 2, id, kind: 'update', by: 'owner', opened: at, plan: ['fetch', 'apply'], ...nothing };
}

/** How long a run takes is not known before its check has found out whether it goes on. */
export function isOpenEnded(step: Step, plan: RunRecord['plan']): boolean {
  return step === 'check' && plan.length > 1;
}

type Unfinished = Pick<RunRecord, 'ended' | 'plan'> & { steps: readonly Pick<RecordedStep, 'step' | 'outcome'>[] };

/** The step that is to come; null while one is at work, and when the run is over. */
export function nextOf({ ended, plan, steps }: Unfinished): Step | null {
  const last = steps.at(-1);
  if (last === undefined) return plan[0] ?? null;
  if (ended !== null || (last.outcome !== 'ok' && last.outcome !== 'nothing')) return null;
  return plan[plan.indexOf(last.step) + 1] ?? null;
}

/** The result of a step. */
export type StepEnd = Pick<RecordedStep, 'code' | 'hint' | 'version'> & { at: Date; outcome: Receipt['outcome']; message: string };

/**
 * The record with the end of a step, and with the end of the run unless that goes on; as it was when that step is not on it. A check
 * that does not go on was a check, whatever it might have become.
 */
export function stepEnded(record: RunRecord, invocation: string, { at, ...end }: StepEnd, goesOn = false): RunRecord {
  const own = record.steps.find((step) => step.invocation === invocation && step.ended === null);
  if (own === undefined) return record;
  const ended = at.toISOString();
  const steps = record.steps.map((step) => (step === own ? { ...step, ...end, ended } : step));
  const purpose = own.step === 'check' && !goesOn ? CHECK : {};
  return { ...record, ...purpose, steps, now: null, ended: goesOn ? null : ended };
}
