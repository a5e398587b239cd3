/** One run as everybody is shown it, from its steps, what the one at work reports, and how long such steps took. */
import type { RunView, SeenStep, Sights } from './run-view.ts';
import { tokenFor, viewRun } from './run-view.ts';
import { percentOfRun, secondsLeft } from './run-time.ts';
import type { Work } from './run-time.ts';
import type { Run } from './run.ts';
import type { Auto, Progress } from './state.ts';
import type { Medians } from './timings.ts';

export interface RunFacts extends Sights {
  /** Of a process that is there. */
  progress: Progress | null;
  medians: Medians;
  /** What the owner lets the timer do. */
  auto: Auto;
}

/** The run that is going on, or the last one since the device was started; null when there was none. */
export function runOf(facts: RunFacts): Run | null {
  const view = viewRun(facts);
  if (view === null) return null;
  const steps = withSkipped(view.steps);
  const current = steps.find(({ state }) => state === 'running' || state === 'waiting') ?? null;
  const isRunning = current !== null;
  const progress = current?.state === 'running' && facts.progress?.step === current.step ? facts.progress : null;
  const kind = kindOf(steps, view, facts);
  const works = worksOf(steps, kind, progress);
  const isOpen = isRunning && mayGoOn(view, facts);
  const end = isRunning ? NOT_YET : endOf(steps);
  return {
    id: view.id,
    kind,
    by: view.by,
    state: isRunning ? 'running' : 'ended',
    started: view.started,
    ended: isRunning ? null : (steps.at(-1)?.ended ?? null),
    steps: steps.map(({ step, state, started, ended, outcome }) => ({ step, state, started, ended, outcome })),
    phase: progress?.phase ?? null,
    version: progress?.version ?? steps.findLast(({ version }) => version !== null)?.version ?? null,
    percent: isOpen ? null : isRunning ? percentOfRun(works, facts.medians, facts.now) : isWell(steps) ? 100 : null,
    bytes: progress?.bytes ?? null,
    total_bytes: progress?.total_bytes ?? null,
    rate_bytes_per_s: progress?.rate_bytes_per_s ?? null,
    seconds_left: isRunning && !isOpen ? secondsLeft(works, facts.medians, facts.now) : null,
    can_cancel: canCancel(steps, progress, facts),
    ...end,
  };
}

/** An apply without a fetch before it takes what was staged already. */
function withSkipped(steps: readonly SeenStep[]): SeenStep[] {
  const at = steps.findIndex(({ step }) => step === 'apply');
  if (at === -1 || steps.some(({ step }) => step === 'fetch')) return [...steps];
  const blank = { started: null, ended: null, outcome: null, code: null, message: null, hint: null, version: null };
  return [...steps.slice(0, at), { ...blank, step: 'fetch', state: 'skipped' }, ...steps.slice(at)];
}

/** What a check of the timer is a part of, it finds out; and whose check it is, it has not told before it is on record. */
function mayGoOn({ id, by, steps }: RunView, { auto, record }: RunFacts): boolean {
  if (auto !== 'download' && auto !== 'install') return false;
  if (by === 'owner' && record?.id === id) return false;
  return steps.every(({ step, state }) => step === 'check' && state !== 'done');
}

/** Nobody but the timer downloads without wanting to install: a download that failed was to be an update. */
function kindOf(steps: readonly SeenStep[], { id, by }: RunView, facts: RunFacts): Run['kind'] {
  const has = (wanted: SeenStep['step']): boolean => steps.some(({ step }) => step === wanted);
  const goesOn = (to: 'fetch' | 'apply'): boolean => (['fetch', 'apply'] as const).some((step) => tokenFor(step, facts)?.until === to);
  const isRunning = steps.some(({ state }) => state === 'running' || state === 'waiting');
  if (has('recover')) return 'recovery';
  if (has('apply')) return 'update';
  if (has('rollback')) return 'rollback';
  if (isRunning && goesOn('apply')) return 'update';
  if (facts.record?.id === id && facts.record.until === 'apply') return 'update';
  if (has('fetch')) return by === 'owner' && steps.at(-1)?.state !== 'done' && !isRunning ? 'update' : 'download';
  return isRunning && goesOn('fetch') ? 'download' : 'check';
}

function worksOf(steps: readonly SeenStep[], kind: Run['kind'], progress: Progress | null): Work[] {
  const works = steps.flatMap(({ step, state, started }): Work[] => {
    if (state === 'skipped') return [];
    const is = state === 'running' ? 'running' : state === 'waiting' ? 'ahead' : 'over';
    return [{ step, is, started, progress: is === 'running' ? progress : null }];
  });
  if (kind === 'update' && !steps.some(({ step }) => step === 'apply')) works.push({ step: 'apply', is: 'ahead', started: null, progress: null });
  return works;
}

/** check and fetch have changed nothing, and an apply undoes what it has done; one that is going back already does that anyway. */
function canCancel(steps: readonly SeenStep[], progress: Progress | null, { units }: RunFacts): boolean {
  const running = steps.find(({ step, state }) => state === 'running' || (state === 'waiting' && units?.[step].waiting === true))?.step;
  if (running === 'apply') return progress?.phase !== 'going-back';
  return running === 'check' || running === 'fetch';
}

type End = Pick<Run, 'outcome' | 'code' | 'message' | 'hint'>;

const NOT_YET: End = { outcome: null, code: null, message: null, hint: null };

/** The last step decides. Where it only cleared up, the one before says why. */
function endOf(steps: readonly SeenStep[]): End {
  const last = steps.at(-1);
  if (last === undefined) return NOT_YET;
  const why = steps.findLast(({ code }) => code !== null);
  return { outcome: last.outcome ?? 'failed', code: why?.code ?? null, message: last.message, hint: last.hint ?? why?.hint ?? null };
}

function isWell(steps: readonly SeenStep[]): boolean {
  return steps.every(({ state }) => state === 'done' || state === 'skipped');
}
