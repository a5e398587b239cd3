/** Starts a unit of the updater and follows it to its end, or until Ctrl-C: the unit goes on without us. */
import type { Progress, Receipt } from '../core/device/state.ts';
import type { UnitSight } from '../core/run/unit-sight.ts';
import type { JobResult } from '../io/systemd/unit-runner.ts';
import { watchDirs } from '../io/api/watch-dirs.ts';
import type { ReaderDeps } from './deps.ts';
import { readRun } from './run.ts';
import type { Step } from './running.ts';
import { liveProgress, unitOf } from './running.ts';

export type UnitRun =
  | { is: 'interrupted' }
  | {
      is: 'ended';
      result: JobResult;
      /** What the run wrote down; null when it wrote nothing. */
      receipt: Receipt | null;
      /** The unit that decided: the one that failed, or the one that was started. */
      unit: string;
      look: UnitSight;
    };

/**
 * Starts the unit of the last of `steps` and waits for it; the others are those it brings along. Listens before it starts,
 * or a run that is quick would be over before anybody hears of it. How far a step is comes by its progress.json alone: those
 * with network give their units no text of status.
 */
export async function runUnit(deps: ReaderDeps, steps: readonly [Step, ...Step[]], onProgress: (progress: Progress) => void): Promise<UnitRun> {
  const units = await deps.units();
  const unit = unitOf(steps.at(-1) ?? steps[0]);
  const before = lastResult(deps);
  const changes = changesOf(deps.signal);
  const show = (): void => {
    const progress = liveProgress(deps);
    if (progress !== null && (steps.includes(progress.step) || progress.step === 'rollback')) onProgress(progress);
    changes.tell();
  };
  const unfollow = await units.follow([...steps.map(unitOf), ...ROLLBACK], show);
  const unwatch = watchDirs([deps.paths.runDir], show);
  let result: JobResult | null;
  try {
    const started = units.start(unit);
    show();
    result = await Promise.race([started, changes.stopped]);
    if (result === null) return { is: 'interrupted' };
    if (result !== 'done' && lastResult(deps) === before && steps.includes('apply')) await rollbackEnds(deps, changes);
  } finally {
    unwatch();
    unfollow();
  }
  const decided = result === 'dependency' ? unitOf(steps[0]) : unit;
  const after = lastResult(deps);
  return {
    is: 'ended',
    result,
    receipt: after === before ? null : deps.files.readState().last_result,
    unit: decided,
    look: await units.look(decided),
  };
}

/** In its own unit, and in that of the rollback of an apply that was killed. */
const ROLLBACK = [unitOf('rollback'), 'pikit-update-gate@rollback.service'];
const UNDO_DEADLINE_MS = 15 * 60_000;

/** An apply that was killed could not undo itself: the run goes on with a rollback. */
async function rollbackEnds(deps: ReaderDeps, changes: Changes): Promise<void> {
  const deadline = AbortSignal.timeout(UNDO_DEADLINE_MS);
  const late = new Promise<null>((resolve) => {
    deadline.addEventListener('abort', () => {
      resolve(null);
    });
  });
  for (;;) {
    const changed = changes.next();
    const run = await readRun(deps);
    if (run?.state !== 'running' || !run.steps.some(({ step }) => step === 'rollback')) return;
    if ((await Promise.race([changed, changes.stopped, late])) === null) return;
  }
}

/** The receipt as text: another one is new, whatever the clock said when it was written. */
function lastResult(deps: ReaderDeps): string {
  return JSON.stringify(deps.files.readState().last_result);
}

interface Changes {
  tell: () => void;
  /** Resolves at the next change. */
  next: () => Promise<true>;
  /** Resolves to null at Ctrl-C. */
  stopped: Promise<null>;
}

function changesOf(signal: AbortSignal): Changes {
  let waiting: (() => void)[] = [];
  const stopped = new Promise<null>((resolve) => {
    const stop = (): void => {
      resolve(null);
    };
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  return {
    tell: () => {
      const told = waiting;
      waiting = [];
      for (const resolve of told) resolve();
    },
    next: () =>
      new Promise((resolve) => {
        waiting.push(() => {
          resolve(true);
        });
      }),
    stopped,
  };
}
