/**
 * The steps of a run, from what they wrote down and what systemd says of their units: which run there is, which of its steps
 * are over, at work, or still to come.
 */
import { endedEarly, howEnded } from './ended-early.ts';
import type { RecordedStep, RunRecord } from './run-record.ts';
import { continues, isWithin } from './run-record.ts';
import type { RunStep } from './run.ts';
import { QUEUED_RUN } from './run.ts';
import type { Receipt, Token } from './state.ts';

type Step = Receipt['step'];

/** What is known of a unit from outside. */
export interface UnitSight {
  /** Running, or about to end. */
  active: boolean;
  /** Its start is queued behind something else, and has not begun. */
  waiting: boolean;
  /** How its last run ended: `success`, `exit-code`, `signal`, `timeout`, `start-limit-hit` …; null when it is not known. */
  result: string | null;
  /** Exit status of its last run, for example 75 when another step had the lock; null when it is not known. */
  exitStatus: number | null;
  /** Id of the start that is running, or was the last one; null when it is not known. The program has it as INVOCATION_ID. */
  invocation: string | null;
  /** When that began. */
  since: string | null;
}

/** What leads from one step to the next: left by the one, and granted to the other by a gate between them. */
export interface Pass {
  step: Token['until'];
  token: Token;
  /** Whether the gate is at work. */
  gate: boolean;
}

export interface Sights {
  record: RunRecord | null;
  /** Null where nobody can be asked. */
  units: Readonly<Record<Step, UnitSight>> | null;
  isAlive: (pid: number) => boolean;
  passes: readonly Pass[];
  now: Date;
}

/** A step with the reason when it failed. */
export interface SeenStep extends RunStep, Pick<RecordedStep, 'code' | 'message' | 'hint' | 'version'> {}

export interface RunView {
  id: string;
  by: RunRecord['by'];
  started: string;
  steps: SeenStep[];
}

/** In the order in which one may follow the other. */
const ORDER: readonly Step[] = ['recover', 'check', 'fetch', 'apply', 'rollback'];

/** How long a gate and the start of a program may take. */
const HANDOVER_MS = 30_000;

/** The run that is going on, or the last one; null when there was none. */
export function viewRun(sights: Sights): RunView | null {
  const { record, now } = sights;
  const known = record === null ? [] : record.steps.map((step) => seen(step, sights));
  const coming = ORDER.flatMap((step) => fromUnit(step, sights)).filter(({ step }) => step !== 'apply' || !isDropped(sights));
  const first = coming[0];
  if (record !== null) {
    const view = { id: record.id, by: record.by, started: known[0]?.started ?? record.started };
    if (known.some(({ state }) => state === 'running'))
      return { ...view, steps: [...known, ...coming.filter((step) => belongs(record, step, sights))] };
    if (first === undefined) return unwritten(sights) ?? { ...view, steps: [...known, ...handedOver(record, known, sights)] };
    if (goesOn(record, coming, sights)) return { ...view, steps: [...known, ...coming.filter((step) => isFresh(step, known))] };
  }
  if (first === undefined) return unwritten(sights);
  const begun = coming.find(({ state }) => state === 'running') ?? first;
  const token = tokenFor(begun.step, sights);
  return {
    id: (begun.state === 'running' ? sights.units?.[begun.step].invocation : null) ?? QUEUED_RUN,
    by: token?.by === 'timer' ? 'timer' : 'owner',
    started: begun.started ?? now.toISOString(),
    steps: coming,
  };
}

/** What runs decides, and only where nothing does, what waits: an apply always brings a fetch along, which may have nothing to do. */
function goesOn(record: RunRecord, coming: readonly SeenStep[], sights: Sights): boolean {
  const running = coming.filter(({ state }) => state === 'running');
  return (running.length > 0 ? running : coming).some(({ step }) => continues(record, { step, at: sights.now, token: tokenFor(step, sights) }));
}

function isFresh({ step, state }: SeenStep, known: readonly SeenStep[]): boolean {
  return state === 'running' || !known.some((one) => one.step === step);
}

/** A step on record: over, at work, or killed before it could say so. */
function seen(step: RecordedStep, sights: Sights): SeenStep {
  const { step: name, ended, outcome, code, message, hint, version } = step;
  const started = begunAt(step, sights);
  if (outcome !== null) return { step: name, state: stateOf(name, outcome), started, ended, outcome, code, message, hint, version };
  if (isAtWork(step, sights)) return { step: name, state: 'running', started, ended: null, outcome: null, code, message, hint, version };
  return { step: name, state: 'failed', started, ended: null, outcome: null, ...endedEarly(name, unitOf(step, sights)), version };
}

/** A program writes down when it began a moment after its unit did: whoever looks before and after that is told the same. */
function begunAt({ step, invocation, started }: RecordedStep, { units }: Sights): string {
  const unit = units?.[step] ?? null;
  return unit !== null && unit.invocation === invocation && unit.since !== null && unit.since < started ? unit.since : started;
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

/** Of a start that systemd made, systemd knows; the number of its process may be another one's by now. */
function isAtWork({ step, invocation, pid }: RecordedStep, { units, isAlive }: Sights): boolean {
  const unit = units?.[step] ?? null;
  if (unit !== null && unit.invocation === invocation) return unit.active;
  if (unit?.active === true && unit.invocation === null) return true;
  return isAlive(pid);
}

/** What systemd says of this very start. */
function unitOf({ step, invocation }: RecordedStep, { units }: Sights): UnitSight | null {
  const unit = units?.[step] ?? null;
  return unit?.invocation === null || unit?.invocation === invocation ? unit : null;
}

/** The last run, if it was a step that was killed before it had written anything. */
function unwritten({ record, units }: Sights): RunView | null {
  const latest = record?.steps.at(-1)?.started ?? '';
  for (const step of ORDER) {
    const unit = units?.[step];
    if (unit === undefined || unit.invocation === null || unit.since === null || unit.since <= latest || howEnded(unit) === null) continue;
    if (record?.steps.some(({ invocation }) => invocation === unit.invocation) === true) continue;
    const killed = { step, state: 'failed', started: unit.since, ended: null, outcome: null, ...endedEarly(step, unit), version: null } as const;
    return { id: unit.invocation, by: 'owner', started: unit.since, steps: [killed] };
  }
  return null;
}

/** A unit that runs and has written nothing yet, or that has not begun. */
function fromUnit(step: Step, { record, units }: Sights): SeenStep[] {
  const unit = units?.[step];
  if (unit === undefined) return [];
  const isOnRecord = record?.steps.some((one) => one.step === step && (unit.invocation === null || one.invocation === unit.invocation)) === true;
  const blank = { step, ended: null, outcome: null, code: null, message: null, hint: null, version: null };
  if (unit.active) return isOnRecord ? [] : [{ ...blank, state: 'running', started: unit.since }];
  return unit.waiting ? [{ ...blank, state: 'waiting', started: null }] : [];
}

/**
 * Whether the apply that still waits is one that systemd takes back as soon as the fetch that it requires has ended: that one
 * has written down its failure, and no other fetch is queued for it.
 */
function isDropped({ record, units }: Sights): boolean {
  const last = record?.steps.at(-1);
  if (units?.apply.waiting !== true || last?.step !== 'fetch' || last.outcome === null) return false;
  return stateOf('fetch', last.outcome) !== 'done' && units.fetch.invocation === last.invocation && !units.fetch.waiting;
}

/** Whether a step that has not begun goes on from the one that is at work, or is of another run that waits for this one. */
function belongs(record: RunRecord, { step }: SeenStep, sights: Sights): boolean {
  const last = record.steps.at(-1)?.step;
  const token = tokenFor(step, sights);
  if (token !== null) return continues(record, { step, at: sights.now, token });
  return step === 'apply' && last === 'fetch';
}

/** Between two steps there is a moment when no unit runs: the token says that there is more to come. */
function handedOver(record: RunRecord, known: readonly SeenStep[], { passes, now }: Sights): SeenStep[] {
  const last = known.at(-1);
  const pass = passes.find(({ step, token, gate }) => {
    return continues(record, { step, at: now, token }) && (gate || (last?.state === 'done' && isWithin(last.ended, now, HANDOVER_MS)));
  });
  if (pass === undefined) return [];
  return [{ step: pass.step, state: 'waiting', started: null, ended: null, outcome: null, code: null, message: null, hint: null, version: null }];
}

export function tokenFor(step: Step, { passes }: Pick<Sights, 'passes'>): Token | null {
  return passes.find((pass) => pass.step === step)?.token ?? null;
}
