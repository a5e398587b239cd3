/**
 * Unit files run in a folder, without systemd: the graph of oneshot services as it is written in units/, played by systemd's
 * rules as far as they decide what runs, in which order, and what is started next.
 *
 * - A start pulls in Requires= and Wants=; jobs that are there at the same time wait for each other by After= and Before=.
 * - A condition is looked at when the unit's turn has come. A unit that it skips is `done`, also for those that require it,
 *   and starts neither OnSuccess= nor OnFailure=.
 * - OnSuccess= after exit status 0 (or SuccessExitStatus=), OnFailure= after any other, a signal, a timeout, a stop, and when
 *   a required unit failed (`dependency`). A job that is taken back before the unit ran starts neither.
 * - A start of a unit that has a job already becomes one with it.
 *
 * Not played: Restart=, start limits, users, sandboxes. What would change the graph and is not known here is refused.
 */
import { unmetCondition } from './local-unit-command.ts';
import type { Folders } from './local-unit-command.ts';
import type { StartCause, Job, RunResult } from './local-unit-job.ts';
import { newJob, runPrograms, terminate, waitForTurn } from './local-unit-job.ts';
import { hasUnit, loadUnit, unitOfTimer } from './local-unit-settings.ts';
import type { JobResult, UnitRunner } from '../systemd/unit-runner.ts';

export type UnitEvent = { unit: string; cause: StartCause } & (
  | { is: 'started' }
  | { is: 'skipped'; condition: string }
  | { is: 'ended'; ms: number; run: RunResult }
  /** It did not run, because `required` had failed. */
  | { is: 'dependency'; required: string }
  | { is: 'canceled' }
);

export interface LocalUnitOptions extends Folders {
  unitsDir: string;
  /** A line that a unit's program wrote. */
  onLine?: (unit: string, line: string) => void;
  onEvent?: (event: UnitEvent) => void;
}

export interface LocalUnits extends UnitRunner {
  /** What a timer does when its time has come: starts its unit, which learns of it from TRIGGER_UNIT. */
  startFromTimer: (timer: string) => Promise<JobResult>;
  /** Sends a signal to all processes of a unit, as `systemctl kill` does. */
  kill: (unit: string, signal: NodeJS.Signals) => void;
  /** Resolves when nothing runs and nothing waits: the whole chain that starts brought about is over. */
  settled: () => Promise<void>;
  /** Kills whatever runs, and starts nothing more. */
  abandon: () => Promise<void>;
}

interface Outcome {
  result: JobResult;
  next: 'OnSuccess' | 'OnFailure' | null;
  event: UnitEvent;
}

/** Plays the units of `unitsDir` on the folder `root`, with our programs from `distDir`. */
export function localUnitRunner(options: LocalUnitOptions): LocalUnits {
  const { unitsDir, root } = options;
  const jobs = new Map<string, Job>();
  const lastRuns = new Map<string, { run: RunResult; invocation: string; since: Date | null }>();
  const followers = new Set<{ units: ReadonlySet<string>; onChange: () => void }>();
  let abandoned = false;

  function tell(event: UnitEvent): void {
    options.onEvent?.(event);
    for (const follower of followers) if (follower.units.has(event.unit)) follower.onChange();
  }

  /** Throws CONFIG_INVALID for a unit that is not there or cannot be played. */
  function enqueue(name: string, cause: StartCause, env: Readonly<Record<string, string>> = {}): Job {
    const there = jobs.get(name);
    if (there !== undefined) return there;
    const job = newJob(loadUnit(unitsDir, name), cause, env);
    jobs.set(name, job);
    // Afterwards, so that all that this start pulls in is there before the first of it begins.
    job.ended = Promise.resolve().then(() => play(job));
    // The starter gets the error from `ended`; without a waiter it must not end the process.
    job.ended.catch(() => undefined);
    try {
      job.required = job.unit.requires.filter(hasProgram).map((other) => enqueue(other, { by: 'Requires', unit: name }));
      for (const other of job.unit.wants) if (hasProgram(other) && hasUnit(unitsDir, other)) enqueue(other, { by: 'Wants', unit: name });
    } catch (error) {
      job.stopping = true;
      throw error;
    }
    return job;
  }

  /** From the queue to its end, and on to what it starts. */
  async function play(job: Job): Promise<JobResult> {
    const { name } = job.unit;
    try {
      await waitForTurn(job, jobs);
      const { result, next, event } = await carryOut(job);
      job.result = result;
      jobs.delete(name);
      tell(event);
      const triggered = next === null || abandoned ? [] : next === 'OnSuccess' ? job.unit.onSuccess : job.unit.onFailure;
      for (const other of triggered) enqueue(other, { by: next ?? 'OnSuccess', unit: name });
      return result;
    } finally {
      if (jobs.get(name) === job) jobs.delete(name);
    }
  }

  async function carryOut(job: Job): Promise<Outcome> {
    const about = { unit: job.unit.name, cause: job.cause };
    if (job.stopping) return { result: 'canceled', next: null, event: { ...about, is: 'canceled' } };
    const fallen = job.required.find((other) => other.result !== null && other.result !== 'done');
    if (fallen !== undefined) return { result: 'dependency', next: 'OnFailure', event: { ...about, is: 'dependency', required: fallen.unit.name } };
    const unmet = unmetCondition(job.unit.conditions, root);
    if (unmet !== null) return { result: 'done', next: null, event: { ...about, is: 'skipped', condition: unmet.text } };
    job.since = new Date();
    tell({ ...about, is: 'started' });
    const begun = performance.now();
    const run = await runPrograms(job, options, (line) => options.onLine?.(about.unit, line));
    lastRuns.set(about.unit, { run, invocation: job.invocation, since: job.since });
    const event: UnitEvent = { ...about, is: 'ended', ms: performance.now() - begun, run };
    return { result: resultOf(job, run), next: run.result === 'success' ? 'OnSuccess' : 'OnFailure', event };
  }

  /** A unit does not go on without one that it requires: those that wait for it are taken back with it. */
  async function stop(name: string): Promise<string> {
    const job = jobs.get(name);
    if (job === undefined) return 'done';
    const dependants = [...jobs.values()].filter((other) => !other.stopping && other.unit.requires.includes(name));
    job.stopping = true;
    const stopped = dependants.map((other) => stop(other.unit.name));
    job.wake();
    terminate(job);
    await Promise.all([job.ended, ...stopped]);
    return 'done';
  }

  async function settled(): Promise<void> {
    while (jobs.size > 0) await Promise.all([...jobs.values()].map((job) => job.ended));
  }

  return {
    start: async (unit) => await enqueue(unit, { by: 'start' }).ended,
    startFromTimer: async (timer) => await enqueue(unitOfTimer(unitsDir, timer), { by: 'timer', unit: timer }, { TRIGGER_UNIT: timer }).ended,
    stop,
    kill: (unit, signal) => {
      jobs.get(unit)?.program?.kill(signal);
    },
    look: (unit) => {
      const job = jobs.get(unit);
      const last = lastRuns.get(unit);
      const begun = job !== undefined && job.since !== null ? job : last;
      return Promise.resolve({
        active: job !== undefined && job.since !== null,
        waiting: job?.since === null,
        result: last?.run.result ?? null,
        exitStatus: last?.run.exitStatus ?? null,
        invocation: begun?.invocation ?? null,
        since: begun?.since?.toISOString() ?? null,
      });
    },
    // A folder restarts nothing: it takes note of all.
    isMeantToRun: () => Promise.resolve(true),
    nextElapse: () => Promise.resolve(null),
    follow: (units, onChange) => {
      const follower = { units: new Set(units), onChange };
      followers.add(follower);
      return Promise.resolve(() => {
        followers.delete(follower);
      });
    },
    settled,
    abandon: async () => {
      abandoned = true;
      for (const job of jobs.values()) {
        job.stopping = true;
        job.wake();
        job.program?.kill('SIGKILL');
      }
      await settled();
    },
    close: () => {
      followers.clear();
    },
  };
}

/** A stop takes the place of the start, whatever the program made of it. */
function resultOf(job: Job, run: RunResult): JobResult {
  if (job.stopping) return 'canceled';
  return run.result === 'success' ? 'done' : 'failed';
}

/** Targets, slices and the like run nothing: there is nothing to wait for. */
function hasProgram(name: string): boolean {
  return name.endsWith('.service');
}
