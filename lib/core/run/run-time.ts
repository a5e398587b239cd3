/**
 * How far a run is, and how long it may take still, when a step reports. Each step weighs as much as it took here in the past; within
 * a step, what it reports tells where it is, and the clock how far it is from there to the next report.
 */
import type { Progress, Receipt } from '../device/state.ts';
import type { RunRecord } from './run-record.ts';
import { isOpenEnded } from './run-record.ts';
import type { Medians } from './timings.ts';

type Step = Receipt['step'];

/** One step of a run as far as time is concerned. */
interface Work {
  step: Step;
  is: 'ahead' | 'running' | 'over';
  started: string | null;
  /** What it reports while it runs. */
  progress: Progress | null;
}

/** The record with what the step at work reports: percent never goes back, and the time left never grows. */
export function stepReported(record: RunRecord, progress: Progress, medians: Medians): RunRecord {
  const { phase, version, bytes, total_bytes, rate_bytes_per_s, updated } = progress;
  const reported = { ...record, now: { phase, version, bytes, total_bytes, rate_bytes_per_s, updated } };
  if (isOpenEnded(progress.step, record.plan)) return reported;
  const [works, at] = [worksOf(record, progress), new Date(updated)];
  return {
    ...reported,
    percent: furthest(record.percent, percentOfRun(works, medians, at), Math.max),
    seconds_left: furthest(record.seconds_left, secondsLeft(works, medians, at), Math.min),
  };
}

/** What was known stays known. */
function furthest(before: number | null, now: number | null, pick: (a: number, b: number) => number): number | null {
  return before === null || now === null ? (now ?? before) : pick(before, now);
}

function worksOf({ plan, steps }: RunRecord, progress: Progress): Work[] {
  return plan.map((step): Work => {
    const started = steps.find((one) => one.step === step)?.started ?? null;
    if (step === progress.step) return { step, is: 'running', started, progress };
    const isAhead = plan.indexOf(step) > plan.indexOf(progress.step);
    return { step, is: isAhead ? 'ahead' : 'over', started, progress: null };
  });
}

/** In milliseconds, until it is known what this device needs. */
const USUAL: Readonly<Record<Step, number>> = { check: 3000, fetch: 20_000, apply: 8000, rollback: 6000, recover: 5000 };

/** Between which parts of its step a phase lies. */
const PHASES: Readonly<Record<string, readonly [from: number, to: number]>> = {
  verifying: [0, 0.2],
  preparing: [0.1, 0.45],
  installing: [0.4, 0.6],
  'post-install': [0.5, 0.8],
  restarting: [0.6, 0.9],
  'checking-health': [0.7, 0.97],
  'going-back': [0.7, 0.97],
};
const ANY_PHASE = [0, 0.95] as const;

/** The part of a fetch that is the download. */
const DOWNLOAD = 0.9;

/** Whole percent of the whole run, at most 99: the last one is its end. */
function percentOfRun(works: readonly Work[], medians: Medians, now: Date): number {
  const weight = ({ step }: Work): number => Math.max(1, medians[step] ?? USUAL[step]);
  const total = works.reduce((sum, work) => sum + weight(work), 0);
  const done = works.reduce((sum, work) => sum + weight(work) * partOf(work, medians, now), 0);
  return total === 0 ? 0 : Math.min(99, Math.floor((done / total) * 100));
}

/** Null when neither the rate of a download nor a past run tells; at least a second while something runs. */
function secondsLeft(works: readonly Work[], medians: Medians, now: Date): number | null {
  const lefts = works.map((work) => leftOf(work, medians, now));
  const current = works.findIndex(({ is }) => is !== 'over');
  if (current === -1 || lefts[current] === null) return null;
  const ms = lefts.reduce<number>((sum, left, at) => sum + (left ?? USUAL[works[at]?.step ?? 'check']), 0);
  return Math.max(1, Math.ceil(ms / 1000));
}

function partOf(work: Work, medians: Medians, now: Date): number {
  if (work.is !== 'running') return work.is === 'over' ? 1 : 0;
  const { step, progress } = work;
  const byTime = elapsedMs(work, now) / Math.max(1, medians[step] ?? USUAL[step]);
  if (step === 'fetch') return progress === null ? 0 : partOfFetch(progress);
  const [from, to] = PHASES[progress?.phase ?? ''] ?? ANY_PHASE;
  return Math.min(to, Math.max(from, byTime));
}

/** A download takes as long as its bytes do. */
function partOfFetch({ phase, percent }: Progress): number {
  const part = Math.min(1, Math.max(0, (percent ?? 0) / 100));
  if (phase === 'downloading') return part * DOWNLOAD;
  return phase === 'unpacking' ? DOWNLOAD + part * (0.99 - DOWNLOAD) : 0;
}

/** In milliseconds; null when it is not known. */
function leftOf(work: Work, medians: Medians, now: Date): number | null {
  if (work.is === 'over') return 0;
  const usual = medians[work.step];
  if (work.is === 'ahead') return usual;
  return downloadLeft(work.progress) ?? (usual === null ? null : Math.max(0, usual - elapsedMs(work, now)));
}

function downloadLeft(progress: Progress | null): number | null {
  if (progress?.phase !== 'downloading') return null;
  const { bytes, total_bytes: total, rate_bytes_per_s: rate } = progress;
  if (bytes === null || total === null || rate === null || rate <= 0) return null;
  return (Math.max(0, total - bytes) / rate) * 1000;
}

/** A clock that was set meanwhile tells nothing. */
function elapsedMs({ started }: Work, now: Date): number {
  return started === null ? 0 : Math.max(0, now.getTime() - Date.parse(started));
}
