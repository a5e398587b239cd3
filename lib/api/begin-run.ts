/** Starts a unit and waits until its run is there to be shown, not until it is over: it goes on without us. */
import { UpdateError } from '../core/errors.ts';
import type { Run } from '../core/run.ts';
import { QUEUED_RUN } from '../core/run.ts';
import type { Receipt } from '../core/state.ts';
import type { DeviceDeps } from '../device/deps.ts';
import { readRun } from '../device/run.ts';
import type { Step } from '../device/running.ts';
import { unitOf } from '../device/running.ts';
import { startStep } from '../device/orders.ts';
import { failureOf } from '../device/verdict.ts';
import type { JobResult } from '../io/unit-runner.ts';
import type { Changes } from './changes.ts';

/** A start that waits behind something else for longer is shown as queued, if it is. Clients wait 20 s for an answer. */
const DEADLINE_MS = 15_000;

type Ended = { is: 'ended'; result: JobResult } | { is: 'failed'; error: unknown };

export interface BeginOptions {
  /** Starts the last step, and resolves when its unit has ended. */
  start?: () => Promise<JobResult>;
  deadlineMs?: number;
}

/**
 * The run of `steps`, the last of which is started and brings the others along. Throws SYSTEMD_UNAVAILABLE when systemd cannot
 * be asked or does not know the unit, PERMISSION when it does not allow it, and what the unit came to when it failed before it could begin.
 */
export async function beginRun(deps: DeviceDeps, changes: Changes, steps: readonly [Step, ...Step[]], options: BeginOptions = {}): Promise<Run> {
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
    const receiptBefore = JSON.stringify(deps.files.readState().last_result);
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
      if (run !== null && run.id !== QUEUED_RUN && isNew(run, before)) return run;
      if (ended?.is === 'failed') throw ended.error;
      if (ended !== null) return await endedRun(deps, steps, ended.result, receiptBefore);
      if ((await next) === 'late') {
        if (run !== null && isNew(run, before)) return run;
        throw notBegun(unitOf(last), deadlineMs);
      }
    }
  } finally {
    clearTimeout(deadline);
    unwatch();
  }
}

/** A unit whose program has said how it ended, and is not gone yet, would take the start for its own, and never run again. */
async function isEnding(deps: DeviceDeps, steps: readonly Step[]): Promise<boolean> {
  if ((await readRun(deps))?.state !== 'ended') return false;
  const units = await deps.units();
  const looks = await Promise.all(steps.map(async (step) => await units.look(unitOf(step))));
  return looks.some(({ active }) => active);
}

/** An apply goes on with the run that has just fetched for it. */
function isNew(run: Run, before: Run | null): boolean {
  return run.id !== before?.id || run.state === 'running' || run.steps.length > before.steps.length;
}

function notBegun(unit: string, waitedMs: number): UpdateError {
  return new UpdateError('SYSTEMD_UNAVAILABLE', `systemd has queued '${unit}' and has not begun it within ${String(waitedMs / 1000)} s`, {
    hint: '`systemctl list-jobs` shows what it waits for; the status shows it when it begins',
  });
}

/** Over before anybody saw it run. Throws when it failed without a word. */
async function endedRun(deps: DeviceDeps, steps: readonly [Step, ...Step[]], result: JobResult, receiptBefore: string): Promise<Run> {
  const { last_result: after } = deps.files.readState();
  const receipt = JSON.stringify(after) === receiptBefore ? null : after;
  if (receipt === null) {
    const unit = unitOf(result === 'dependency' ? steps[0] : (steps.at(-1) ?? steps[0]));
    const units = await deps.units();
    const failure = failureOf({ is: 'ended', result, receipt, unit, look: await units.look(unit) });
    if (failure !== null) throw failure;
  }
  return runOf(deps, steps.at(-1) ?? steps[0], receipt);
}

function runOf(deps: DeviceDeps, step: Step, receipt: Receipt | null): Run {
  const ended = receipt?.at ?? deps.now().toISOString();
  const outcome = receipt?.outcome ?? 'nothing';
  const isGood = outcome === 'ok' || outcome === 'nothing';
  return {
    id: `ended-${ended}`,
    kind: step === 'check' ? 'check' : step === 'rollback' ? 'rollback' : 'update',
    by: 'owner',
    state: 'ended',
    started: new Date(new Date(ended).getTime() - (receipt?.duration_ms ?? 0)).toISOString(),
    ended,
    steps: [{ step: receipt?.step ?? step, state: receipt === null ? 'skipped' : isGood ? 'done' : 'failed', started: null, ended, outcome }],
    phase: null,
    version: receipt?.to ?? null,
    percent: null,
    bytes: null,
    total_bytes: null,
    rate_bytes_per_s: null,
    seconds_left: null,
    can_cancel: false,
    outcome,
    code: receipt?.code ?? null,
    message: receipt?.message ?? 'there was nothing to do',
    hint: receipt?.hint ?? null,
  };
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
