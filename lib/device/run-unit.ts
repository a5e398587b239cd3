/** Starts a unit of the updater and follows it to its end, or until Ctrl-C: the unit goes on without us. */
import type { Progress, Receipt } from '../core/state.ts';
import type { UnitSight } from '../core/run-view.ts';
import type { JobResult, UnitRunner } from '../io/unit-runner.ts';
import { errnoOf } from '../core/errors.ts';
import { tokenPath } from '../core/paths.ts';
import { lstatOrNull } from '../transaction/durable.ts';
import type { DeviceDeps } from './deps.ts';
import type { Step } from './running.ts';
import { liveProgress, unitOf } from './running.ts';

export type Run =
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
 * or a run that is quick would be over before anybody hears of it.
 */
export async function runUnit(deps: DeviceDeps, steps: readonly [Step, ...Step[]], onProgress: (progress: Progress) => void): Promise<Run> {
  const units = await deps.units();
  const unit = unitOf(steps.at(-1) ?? steps[0]);
  const before = lastResult(deps);
  const changes = changesOf(deps.signal);
  const show = (): void => {
    const progress = liveProgress(deps);
    if (progress !== null && (steps.includes(progress.step) || progress.step === 'rollback')) onProgress(progress);
    changes.tell();
  };
  const unfollow = await units.follow([...steps.map(unitOf), unitOf('rollback'), ROLLBACK_GATE], show);
  let result: JobResult | null;
  try {
    const started = units.start(unit);
    show();
    result = await Promise.race([started, changes.stopped]);
    if (result === null) return { is: 'interrupted' };
    if (result !== 'done' && lastResult(deps) === before && steps.includes('apply')) await undoEnds(deps, units, changes);
  } finally {
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

const ROLLBACK_GATE = 'pikit-update-gate@rollback.service';
const UNDO_DEADLINE_MS = 15 * 60_000;

/**
 * An apply that was killed could not undo itself: its token makes systemd start rollback. From the token to the end of that
 * unit there is always one sign that it is coming or running.
 */
async function undoEnds(deps: DeviceDeps, units: UnitRunner, changes: Changes): Promise<void> {
  const deadline = AbortSignal.timeout(UNDO_DEADLINE_MS);
  for (;;) {
    const changed = changes.next();
    const token = (['next', 'granted'] as const).some((where) => isThere(tokenPath(deps.paths, where, 'rollback')));
    const coming = token || (await isComing(units, ROLLBACK_GATE)) || (await isComing(units, unitOf('rollback')));
    if (!coming || deadline.aborted) return;
    const late = new Promise<null>((resolve) => {
      deadline.addEventListener('abort', () => {
        resolve(null);
      });
    });
    if ((await Promise.race([changed, changes.stopped, late])) === null) return;
  }
}

async function isComing(units: UnitRunner, unit: string): Promise<boolean> {
  const { active, waiting } = await units.look(unit);
  return active || waiting;
}

function isThere(path: string): boolean {
  try {
    return lstatOrNull(path) !== null;
  } catch (error) {
    if (errnoOf(error) === 'EACCES') return false;
    throw error;
  }
}

/** The receipt as text: another one is new, whatever the clock said when it was written. */
function lastResult(deps: DeviceDeps): string {
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
