/** A run as all readers show it: what its file says, and whether the step that it has at work or to come is there. */
import type { EndedUnit } from './ended-early.ts';
import { endedEarly } from './ended-early.ts';
import type { RecordedStep, RunRecord } from './run-record.ts';
import { nextOf } from './run-record.ts';
import type { Run, RunStep } from './run.ts';
import type { Receipt } from '../device/state.ts';

type Step = Receipt['step'];

/** What is so now of a run whose file has it open. */
export type Activity =
  | { is: 'at-work' }
  /** No step is at work; systemd is about to begin this one. */
  | { is: 'coming'; step: Step; unit: EndedUnit | null }
  /** Nothing comes any more. `unit`: how that of the step ended that never told its end, or never began. */
  | { is: 'over'; unit: EndedUnit | null };

/** A record whose processes are of no interest. */
export type ToldRun = Omit<RunRecord, 'steps'> & { steps: Omit<RecordedStep, 'pid'>[] };

/** One step with the reason when it failed. */
type ToldStep = RunStep & Pick<RecordedStep, 'code' | 'message' | 'hint' | 'version'>;

const BLANK = { started: null, ended: null, outcome: null, code: null, message: null, hint: null, version: null };

/** `activity` counts only for a record that has no end. */
export function runOf(record: ToldRun, activity: Activity): Run {
  const at: Activity = record.ended === null ? activity : { is: 'over', unit: null };
  const isRunning = at.is !== 'over';
  const steps = withSkipped([...record.steps.map((step) => told(step, at, step === record.steps.at(-1))), ...ahead(record, at)]);
  const now = at.is === 'at-work' ? record.now : null;
  const isWell = steps.every(({ state }) => state === 'done' || state === 'skipped');
  return {
    id: record.id,
    kind: record.kind,
    by: record.by,
    state: isRunning ? 'running' : 'ended',
    started: record.opened,
    ended: isRunning ? null : (record.ended ?? steps.at(-1)?.ended ?? null),
    steps: steps.map(({ step, state, started, ended, outcome }) => ({ step, state, started, ended, outcome })),
    phase: now?.phase ?? null,
    version: now?.version ?? steps.findLast(({ version }) => version !== null)?.version ?? null,
    percent: isRunning ? record.percent : isWell ? 100 : null,
    bytes: now?.bytes ?? null,
    total_bytes: now?.total_bytes ?? null,
    rate_bytes_per_s: now?.rate_bytes_per_s ?? null,
    seconds_left: isRunning ? record.seconds_left : null,
    can_cancel: isRunning && canCancel(steps, now?.phase ?? null),
    ...(isRunning ? NOT_YET : endOf(steps)),
  };
}

/** A step on record: over, at work, or killed before it could say so. Only the last one can be at work. */
function told(recorded: ToldRun['steps'][number], at: Activity, isLast: boolean): ToldStep {
  const { step, started, ended, outcome, code, message, hint, version } = recorded;
  const about = { step, started, ended, outcome, code, message, hint, version };
  if (outcome !== null) return { ...about, state: stateOf(step, outcome) };
  if (at.is === 'at-work' && isLast) return { ...about, state: 'running' };
  return { ...about, state: 'failed', ...endedEarly(step, at.is === 'at-work' || !isLast ? null : at.unit) };
}

function stateOf(step: Step, outcome: Receipt['outcome']): RunStep['state'] {
  switch (outcome) {
    case 'ok':
    case 'nothing':
      return 'done';
    case 'rolled-back':
      // What these two are for; an apply that had to go back has failed.
      return step === 'rollback' || step === 'recover' ? 'done' : 'failed';
    case 'cancelled':
      return 'cancelled';
    case 'failed':
    case 'broken':
      return 'failed';
    default:
      return outcome satisfies never;
  }
}

/** The steps that have not begun, and the one that never will. */
function ahead(record: ToldRun, at: Activity): ToldStep[] {
  const { plan, steps } = record;
  const next = nextOf(record);
  switch (at.is) {
    case 'at-work':
      return waiting(plan.slice(plan.indexOf(steps.at(-1)?.step ?? 'check') + 1));
    case 'coming':
      return waiting(plan.includes(at.step) ? plan.slice(plan.indexOf(at.step)) : [at.step]);
    case 'over':
      if (next === null) return [];
      return [
        at.unit === null
          ? { ...BLANK, step: next, state: 'cancelled', ...neverBegun(next) }
          : { ...BLANK, step: next, state: 'failed', ...endedEarly(next, at.unit) },
      ];
    default:
      return at satisfies never;
  }
}

function waiting(steps: readonly Step[]): ToldStep[] {
  return steps.map((step) => ({ ...BLANK, step, state: 'waiting' }));
}

function neverBegun(step: Step): Pick<ToldStep, 'code' | 'message' | 'hint'> {
  return {
    code: 'CANCELLED',
    message: `the run was stopped before ${step} started`,
    hint: 'you can start it again at any time; nothing was changed',
  };
}

/** An apply without a fetch before it takes what was staged already. */
function withSkipped(steps: readonly ToldStep[]): ToldStep[] {
  const at = steps.findIndex(({ step }) => step === 'apply');
  if (at === -1 || steps.some(({ step }) => step === 'fetch')) return [...steps];
  return [...steps.slice(0, at), { ...BLANK, step: 'fetch', state: 'skipped' }, ...steps.slice(at)];
}

/** check and fetch have changed nothing, and an apply undoes what it has done; one that is going back already does that anyway. */
function canCancel(steps: readonly ToldStep[], phase: string | null): boolean {
  const current = steps.find(({ state }) => state === 'running' || state === 'waiting')?.step;
  return current === 'apply' ? phase !== 'going-back' : current === 'check' || current === 'fetch';
}

type End = Pick<Run, 'outcome' | 'code' | 'message' | 'hint'>;

const NOT_YET: End = { outcome: null, code: null, message: null, hint: null };

/** The last step decides. Where it only cleared up, the one before says why. */
function endOf(steps: readonly ToldStep[]): End {
  const last = steps.at(-1);
  if (last === undefined) return NOT_YET;
  const why = steps.findLast(({ code }) => code !== null);
  const outcome = last.outcome ?? (last.state === 'cancelled' ? 'cancelled' : 'failed');
  return { outcome, code: why?.code ?? null, message: last.message, hint: last.hint ?? why?.hint ?? null };
}
