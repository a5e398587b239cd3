/**
 * Within one run, percent never goes back and the time left never grows: a client that saw 40 % sees no 38 %. An
 * update whose install is no longer queued, because it is being cancelled, is still an update. And while systemd cannot be
 * asked, as for a moment in `systemctl daemon-reexec`, a run that has begun does not give way to the one before it.
 */
import type { Run } from '../core/run.ts';
import type { RunSeen } from '../device/run.ts';

/** Remembers the run it was last given. One for all observers of a process. */
export function steadyRun(): (seen: RunSeen) => Run | null {
  let last: Run | null = null;
  return ({ run, isSure }) => {
    if (!isSure && last?.state === 'running' && (run === null || run.started < last.started)) return last;
    if (run === null) {
      last = null;
      return null;
    }
    // A step that goes on with a run that was over is a new beginning; one that is over is shown as it was.
    const before = last?.id === run.id && (last.state === 'running' || run.state === 'ended') ? last : null;
    const steady: Run = {
      ...run,
      ...(before !== null && run.state === 'running' ? stillTheSame(before, run) : {}),
      // Its unit knew best when it began; while that cannot be asked, there is only what the program wrote a moment later.
      started: before !== null && before.started < run.started ? before.started : run.started,
      percent: later(before?.percent, run.percent, Math.max),
      seconds_left: later(before?.seconds_left, run.seconds_left, Math.min),
    };
    if (run.state === 'ended') steady.seconds_left = run.seconds_left;
    last = steady;
    return steady;
  };
}

/** systemd forgets a queued step before the one that runs has ended. */
function stillTheSame(before: Run, { kind, steps }: Run): Pick<Run, 'kind' | 'steps'> {
  if (before.kind !== 'update' || kind !== 'download') return { kind, steps };
  const waited = before.steps.filter((one) => one.state === 'waiting' && !steps.some(({ step }) => step === one.step));
  return { kind: 'update', steps: [...steps, ...waited] };
}

/** What was known stays known. */
function later(before: number | null | undefined, now: number | null, pick: (a: number, b: number) => number): number | null {
  if (before === null || before === undefined) return now;
  return now === null ? before : pick(before, now);
}
