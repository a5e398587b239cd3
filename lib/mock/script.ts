/** A run of the mock from its first moment to its last, as a list of what the status says and when. Pure: time comes in. */
import type { StatusAnswer } from '../core/http-api/api-answers.ts';
import { UpdateError } from '../core/errors.ts';
import type { Run, RunStep } from '../core/run/run.ts';
import { endOf } from './ending.ts';
import type { Frame, PlayedFailure, Story } from './types.ts';

type Step = RunStep['step'];

interface Moment {
  step: Step;
  phase: string;
  ms: number;
  /** Of the bundle, from 0 to 1. */
  part?: number;
}

const TICKS = 20;
const DOWNLOADING: readonly Moment[] = Array.from({ length: TICKS }, (_, tick) => ({
  step: 'fetch',
  phase: 'downloading',
  ms: 300,
  part: tick / TICKS,
}));
const CHECK: readonly Moment[] = [{ step: 'check', phase: 'checking', ms: 1500 }];
const FETCH: readonly Moment[] = [...DOWNLOADING, { step: 'fetch', phase: 'unpacking', ms: 800 }];

const MOMENTS: Readonly<Record<Run['kind'], readonly Moment[]>> = {
  check: CHECK,
  download: [...CHECK, ...FETCH],
  update: [
    ...FETCH,
    { step: 'apply', phase: 'verifying', ms: 500 },
    { step: 'apply', phase: 'preparing', ms: 500 },
    { step: 'apply', phase: 'installing', ms: 700 },
    { step: 'apply', phase: 'post-install', ms: 500 },
    { step: 'apply', phase: 'restarting', ms: 800 },
    { step: 'apply', phase: 'checking-health', ms: 3000 },
  ],
  rollback: [
    { step: 'rollback', phase: 'preparing', ms: 400 },
    { step: 'rollback', phase: 'installing', ms: 600 },
    { step: 'rollback', phase: 'restarting', ms: 800 },
    { step: 'rollback', phase: 'checking-health', ms: 2000 },
  ],
  recovery: [{ step: 'recover', phase: 'recovering', ms: 1500 }],
};

const GOING_BACK: Moment = { step: 'apply', phase: 'going-back', ms: 800 };

/** The kind of run that comes to a step. */
export function kindWith(step: Step): Run['kind'] {
  if (step === 'check' || step === 'rollback') return step;
  return step === 'recover' ? 'recovery' : 'update';
}

/** The last frame is the end. */
export function framesOf(story: Story): Frame[] {
  const moments = momentsUntil(story);
  const frames: Frame[] = [];
  let atMs = 0;
  for (const [index, moment] of moments.entries()) {
    frames.push({ atMs, status: { ...story.base, ...during(story, moments, index, atMs) } });
    atMs += moment.ms;
  }
  const last = frames.at(-1)?.status.run;
  if (last === undefined || last === null) throw new UpdateError('INTERNAL', `a run of the kind '${story.kind}' has no moments`);
  return [...frames, { atMs, status: endOf(story, last, new Date(story.begun.getTime() + atMs)) }];
}

/** As if it had been stopped at one of its frames. */
export function cancelledAt(story: Story, { status }: Frame, now: Date): StatusAnswer {
  const { run, progress } = status;
  if (run === null || progress === null) throw new UpdateError('INTERNAL', 'what has ended cannot be stopped');
  const { step, phase } = progress;
  const was = step === 'check' ? 'check' : step === 'fetch' ? 'download' : 'update';
  const failure: PlayedFailure = {
    code: 'CANCELLED',
    step,
    phase,
    outcome: 'cancelled',
    message: `the ${was} was stopped before it was complete`,
    hint: 'you can start it again at any time; nothing was changed',
    subject: null,
  };
  return endOf({ ...story, end: failure }, run, now);
}

/** All of them, or those to the middle of the phase in which it fails. */
function momentsUntil({ kind, end }: Story): readonly Moment[] {
  const all = MOMENTS[kind];
  if (typeof end === 'string') return all;
  const possible = [...all.keys()].filter((index) => all[index]?.step === end.step && all[index].phase === end.phase);
  const last = possible[Math.floor(possible.length / 2)];
  if (last === undefined) return all;
  return [...all.slice(0, last + 1), ...(end.step === 'apply' && end.outcome === 'rolled-back' ? [GOING_BACK] : [])];
}

function during(story: Story, moments: readonly Moment[], index: number, atMs: number): Pick<StatusAnswer, 'run' | 'progress'> {
  const { defaults, begun, kind, id, by } = story;
  const moment = moments[index] ?? GOING_BACK;
  const version = versionOf(story);
  const total = MOMENTS[kind].reduce((sum, { ms }) => sum + ms, 0);
  const size = story.base.available?.bundle_bytes ?? defaults.available.bundle_bytes ?? 0;
  const bytes =
    moment.part === undefined
      ? { bytes: null, total_bytes: null, rate_bytes_per_s: null }
      : { bytes: Math.round(size * moment.part), total_bytes: size, rate_bytes_per_s: Math.round((size / TICKS / moment.ms) * 1000) };
  const canCancel = moment.step !== 'rollback' && moment.step !== 'recover' && moment !== GOING_BACK;
  const at = (ms: number): string => new Date(begun.getTime() + ms).toISOString();
  const beganMs = (step: Step): number => {
    const first = moments.findIndex((other) => other.step === step);
    return moments.slice(0, first).reduce((sum, { ms }) => sum + ms, 0);
  };
  return {
    run: {
      ...defaults.run,
      id,
      kind,
      by,
      state: 'running',
      started: at(0),
      ended: null,
      steps: stepsOf(kind, moment.step, (step) => at(beganMs(step))),
      phase: moment.phase,
      version,
      percent: Math.min(99, Math.floor((100 * atMs) / total)),
      ...bytes,
      seconds_left: Math.max(0, Math.ceil((total - atMs) / 1000)),
      can_cancel: canCancel,
      outcome: null,
      code: null,
      message: null,
      hint: null,
    },
    progress: {
      ...defaults.progress,
      step: moment.step,
      phase: moment.phase,
      version,
      percent: moment.part === undefined ? null : Math.floor(100 * moment.part),
      ...bytes,
      can_cancel: canCancel,
      started: at(beganMs(moment.step)),
      updated: at(atMs),
    },
  };
}

/** A rollback goes to the version before. */
function versionOf({ kind, base, defaults }: Story): string | null {
  if (kind === 'check') return null;
  if (kind === 'recovery') return base.current;
  if (kind === 'rollback') return base.rollback.is === 'there' ? base.rollback.to : null;
  return base.available?.version ?? defaults.available.version;
}

function stepsOf(kind: Run['kind'], current: Step, began: (step: Step) => string): RunStep[] {
  const order = [...new Set(MOMENTS[kind].map(({ step }) => step))];
  const here = order.indexOf(current);
  return order.map((step, index) => {
    if (index > here) return { step, state: 'waiting', started: null, ended: null, outcome: null };
    if (index === here) return { step, state: 'running', started: began(step), ended: null, outcome: null };
    return { step, state: 'done', started: began(step), ended: began(order[index + 1] ?? current), outcome: 'ok' };
  });
}
