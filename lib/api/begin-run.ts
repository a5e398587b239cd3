/** Starts a unit and waits until its run is there to be shown, not until it is over: it goes on without us. */
import { UpdateError } from '../core/errors.ts';
import type { Run } from '../core/run/run.ts';
import type { ReaderDeps } from '../device/deps.ts';
import { readRun, startOf } from '../device/run.ts';
import type { Step } from '../device/running.ts';
import { unitOf } from '../device/running.ts';
import { startStep } from '../device/orders.ts';
import { failureOf } from '../device/verdict.ts';
import type { JobResult } from '../io/systemd/unit-runner.ts';
import type { Changes } from './changes.ts';

/** For a start to write its first line. Clients wait 20 s for an answer. */
const DEADLINE_MS = 15_000;

type Ended = { is: 'ended'; result: JobResult } | { is: 'failed'; error: unknown };

export interface BeginOptions {
  /** Starts the last step, and resolves when its unit has ended. */
  start?: () => Promise<JobResult>;
  deadlineMs?: number;
}

/**
 * The run of `steps`, the last of which is started and brings the others along. Throws SYSTEMD_UNAVAILABLE when systemd cannot
 * be asked or does not know the unit, PERMISSION when this process may not start it (systemd does not let it, the gateway of orders
 * is not open to it, or knows no such order), and what the unit came to when it failed before it could begin.
 */
export async function beginRun(deps: ReaderDeps, changes: Changes, steps: readonly [Step, ...Step[]], options: BeginOptions = {}): Promise<Run> {
  const last = steps.at(-1) ?? steps[0];
  const { deadlineMs = DEADLINE_MS, start = async () => await startStep(deps, last) } = options;
  const events = nextOf();
  const unwatch = await changes.watch(events.tell);
  const deadline = setTimeout(events.expire, deadlineMs);
  const state: { ended: Ended | null } = { ended: null };
  const end = (ended: Ended): void => {
    state.ended = ended;
    events.tell();
    changes.tell();
  };
  try {
    for (;;) {
      const next = events.next();
      if (!(await isEnding(deps, steps)) || (await next) === 'late') break;
    }
    const before = await readRun(deps);
    start().then(
      (result) => {
        end({ is: 'ended', result });
      },
      (error: unknown) => {
        end({ is: 'failed', error });
      },
    );
    for (;;) {
      const next = events.next();
      const { ended } = state;
      const run = await readRun(deps);
      if (run !== null && isNew(run, before)) return run;
      if (ended?.is === 'failed') throw ended.error;
      if (ended !== null) throw await unwritten(deps, steps, ended.result);
      if ((await next) === 'late') return await startedRun(deps, last, deadlineMs);
    }
  } finally {
    clearTimeout(deadline);
    unwatch();
  }
}

/** A unit whose program has said how it ended, and is not gone yet, would take the start for its own, and never run again. */
async function isEnding(deps: ReaderDeps, steps: readonly Step[]): Promise<boolean> {
  if ((await readRun(deps))?.state !== 'ended') return false;
  const units = await deps.units();
  const looks = await Promise.all(steps.map(async (step) => await units.look(unitOf(step))));
  return looks.some(({ active }) => active);
}

/** An apply goes on with the run that has just fetched for it. */
function isNew(run: Run, before: Run | null): boolean {
  return run.id !== before?.id || run.state === 'running' || run.steps.length > before.steps.length;
}

/** One that waits for the lock has begun, and has written nothing yet. Throws SYSTEMD_UNAVAILABLE for one that systemd has not begun. */
async function startedRun(deps: ReaderDeps, step: Step, waitedMs: number): Promise<Run> {
  const units = await deps.units();
  const { active, invocation, since } = await units.look(unitOf(step));
  if (!active || invocation === null || since === null) throw notBegun(unitOf(step), waitedMs);
  return startOf(step, invocation, since, null);
}

function notBegun(unit: string, waitedMs: number): UpdateError {
  return new UpdateError('SYSTEMD_UNAVAILABLE', `systemd queued '${unit}' but did not start it within ${String(waitedMs / 1000)} s`, {
    hint: '`systemctl list-jobs` shows what it waits for; the status shows when it starts',
  });
}

/** Of a start that is over, and wrote no line. */
async function unwritten(deps: ReaderDeps, steps: readonly [Step, ...Step[]], result: JobResult): Promise<UpdateError> {
  const unit = unitOf(result === 'dependency' ? steps[0] : (steps.at(-1) ?? steps[0]));
  const units = await deps.units();
  const failure = failureOf({ is: 'ended', result, receipt: null, unit, look: await units.look(unit) });
  return (
    failure ??
    new UpdateError('STEP_FAILED', `'${unit}' ran, but failed to write '${deps.paths.runRecord}'`, { hint: '`df /run` shows whether it is full' })
  );
}

/** Waits for the next event, also for one that came between two looks. */
function nextOf() {
  let wake: (what: 'event' | 'late') => void = () => undefined;
  let isLate = false;
  return {
    tell: (): void => {
      wake('event');
    },
    expire: (): void => {
      isLate = true;
      wake('late');
    },
    next: (): Promise<'event' | 'late'> =>
      new Promise((resolve) => {
        wake = resolve;
        if (isLate) resolve('late');
      }),
  };
}
