/** The run that is going on or was the last one, put together from what its steps wrote and what systemd says. */
import { runOf } from '../core/run-state.ts';
import type { Run } from '../core/run.ts';
import type { Pass, UnitSight } from '../core/run-view.ts';
import type { Receipt } from '../core/state.ts';
import type { Medians } from '../core/timings.ts';
import { mediansOf } from '../core/timings.ts';
import type { UnitRunner } from '../io/unit-runner.ts';
import { UpdateError } from '../core/errors.ts';
import type { DeviceDeps } from './deps.ts';
import { readReceipts } from './history.ts';
import type { Step } from './running.ts';
import { liveProgress, unitOf } from './running.ts';

export interface RunSeen {
  /** Null when nothing has run since the device was started. */
  run: Run | null;
  /** False when systemd could not be asked: a run that has not written anything yet is not seen then, and the one before it is. */
  isSure: boolean;
}

/** Null when nothing has run since the device was started. Works without systemd, by what the steps wrote. */
export async function readRun(deps: DeviceDeps): Promise<Run | null> {
  return (await seeRun(deps)).run;
}

/** As readRun, and whether systemd was asked. */
export async function seeRun(deps: DeviceDeps): Promise<RunSeen> {
  const looks = await lookAtAll(deps);
  // After the units: what a step wrote at its end is there when its unit has ended.
  const run = runOf({
    units: looks?.units ?? null,
    passes: passesOf(deps, looks?.gates ?? null),
    record: deps.files.readRunRecord(),
    progress: liveProgress(deps),
    isAlive: deps.isAlive,
    medians: medians(deps),
    auto: deps.files.readSettings().auto,
    now: deps.now(),
  });
  return { run, isSure: looks !== null };
}

const PASSED = ['fetch', 'apply', 'rollback'] as const;
type Passed = (typeof PASSED)[number];

interface Looks {
  units: Record<Step, UnitSight>;
  gates: Record<Passed, UnitSight>;
}

async function lookAtAll(deps: DeviceDeps): Promise<Looks | null> {
  try {
    const units = await deps.units();
    const [check, fetch, apply, rollback, recover, ...gates] = await Promise.all([
      units.look(unitOf('check')),
      units.look(unitOf('fetch')),
      units.look(unitOf('apply')),
      units.look(unitOf('rollback')),
      units.look(unitOf('recover')),
      gate(deps, units, 'fetch'),
      gate(deps, units, 'apply'),
      gate(deps, units, 'rollback'),
    ]);
    return { units: { check, fetch, apply, rollback, recover }, gates: { fetch: gates[0], apply: gates[1], rollback: gates[2] } };
  } catch {
    // Safe to ignore: without systemd a step may be run by hand, and what it wrote is there.
    return null;
  }
}

const AT_REST: UnitSight = { active: false, waiting: false, result: null, exitStatus: null, invocation: null, since: null };

/** Only asked for where there is something that it could pass on. */
async function gate(deps: DeviceDeps, units: UnitRunner, step: Passed): Promise<UnitSight> {
  return passTo(deps, step) === null ? AT_REST : await units.look(`pikit-update-gate@${step}.service`);
}

/** In the order in which it moves: looked for the other way round, it could be missed in both places. */
function passTo({ files }: DeviceDeps, step: Passed): Pass['token'] | null {
  return files.peekToken('next', step) ?? files.peekToken('granted', step);
}

function passesOf(deps: DeviceDeps, gates: Looks['gates'] | null): Pass[] {
  return PASSED.flatMap((step) => {
    const token = passTo(deps, step);
    const at = gates?.[step] ?? AT_REST;
    return token === null ? [] : [{ step, token, gate: at.active || at.waiting }];
  });
}

function medians(deps: DeviceDeps): Medians {
  return mediansOf(deps.files.readTimings(), receiptsIfAllowed(deps));
}

function receiptsIfAllowed(deps: DeviceDeps): Receipt[] {
  try {
    return readReceipts(deps);
  } catch (error) {
    // Safe to ignore: then nobody knows how long it took before.
    if (error instanceof UpdateError) return [];
    throw error;
  }
}
