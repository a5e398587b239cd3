/** Starts and watches the units of the updater, for the command line and the API. */
import type { UnitSight } from '../../core/run/unit-sight.ts';
import { ASK_ROOT_UNIT } from '../source/asked-root.ts';
import type { QueueJob, Systemd } from '../bus/systemd.ts';
import { connectSystemd } from '../bus/systemd.ts';
import { isMeantToRun, lookOf } from './unit-status.ts';

/**
 * What became of a start. `done` also covers a unit that a condition kept from running. `failed`: it ran and failed;
 * `dependency`: a unit that it requires failed; `timeout`: it took longer than it may; `canceled`: it was stopped before it
 * had begun; `skipped`: it could not be started in the state it was in.
 */
const JOB_RESULTS = ['done', 'failed', 'dependency', 'timeout', 'canceled', 'skipped'] as const;
export type JobResult = (typeof JOB_RESULTS)[number];

/** One manager of units: systemd on a device, or unit files run in a folder (local-units.ts). */
export interface UnitRunner {
  /** Starts a unit and waits until its job is over; for a oneshot that is the end of its run. Two starts at once are one run. */
  start: (unit: string) => Promise<JobResult>;
  /** Stops a unit and waits until it has ended; `done` when it was not running, too. A step with network that does not end is killed. */
  stop: (unit: string) => Promise<string>;
  look: (unit: string) => Promise<UnitSight>;
  /** Whether an update restarts it: it exists, and was not stopped on purpose. */
  isMeantToRun: (unit: string) => Promise<boolean>;
  /** When a timer elapses next, or null when it does not. */
  nextElapse: (timer: string) => Promise<Date | null>;
  /**
   * Resolves once changes are listened to; from then on `onChange` is called at each one of any of these units, until `close`, or
   * until the function that it resolves to is called.
   */
  follow: (units: readonly string[], onChange: () => void) => Promise<() => void>;
  /** Ends the connection. Units go on: none is stopped by it. */
  close: () => void;
}

/** Longer than the longest run that the units allow (rollback behind apply behind fetch): systemd's own limits end first. */
const START_DEADLINE_MS = 60 * 60_000;
/** Longer than any TimeoutStopSec= of ours. */
const STOP_DEADLINE_MS = 10 * 60_000;

/** They have changed nothing that would have to be undone, and read what strangers send: one that does not end is ended. */
const NETWORK_UNITS: ReadonlySet<string> = new Set(['pikit-update-check.service', 'pikit-update-fetch.service', ASK_ROOT_UNIT]);
/** Longer than the TimeoutStopSec= of these. */
const STOP_PATIENCE_MS = 35_000;

interface UnitCalls extends Omit<UnitRunner, 'follow' | 'close'> {
  /** Waits for a start of this unit that `queue` has another process queue. */
  startEnd: (unit: string, queue: () => Promise<string>) => Promise<JobResult>;
}

/** What a runner asks systemd, over a connection that `systemd` gives. `queue` has the jobs queued by another process. */
export function unitCalls(systemd: () => Promise<Systemd>, queue: QueueJob | null = null): UnitCalls {
  const startEnd: UnitCalls['startEnd'] = async (unit, ask) => {
    const result = await (await systemd()).jobEnd(unit, ask, START_DEADLINE_MS);
    return JOB_RESULTS.find((known) => known === result) ?? 'failed';
  };
  const ask: QueueJob = async (verb, unit) => await (queue ?? (await systemd()).queue)(verb, unit);
  return {
    startEnd,
    start: async (unit) => await startEnd(unit, async () => await ask('StartUnit', unit)),
    stop: async (unit) => {
      const bus = await systemd();
      const stopped = bus.jobEnd(unit, async () => await ask('StopUnit', unit), STOP_DEADLINE_MS);
      if (!NETWORK_UNITS.has(unit)) return await stopped;
      // Safe to ignore where it is refused: who is not root waits.
      const patience = setTimeout(() => void bus.kill(unit).catch(() => undefined), STOP_PATIENCE_MS);
      try {
        return await stopped;
      } finally {
        clearTimeout(patience);
      }
    },
    look: async (unit) => {
      return lookOf(await (await systemd()).unit(unit));
    },
    isMeantToRun: async (unit) => isMeantToRun(await (await systemd()).unit(unit)),
    nextElapse: async (timer) => await (await systemd()).nextElapse(timer),
  };
}

/** The units of this device. Connects at the first use; every call may throw SYSTEMD_UNAVAILABLE, PERMISSION or NOT_FOUND. */
export function systemdUnits(): UnitRunner & { queue: QueueJob } {
  let connection: Promise<Systemd> | null = null;
  const systemd = (): Promise<Systemd> => (connection ??= connectSystemd());
  return {
    ...unitCalls(systemd),
    queue: async (verb, unit) => await (await systemd()).queue(verb, unit),
    follow: async (units, onChange) => {
      const bus = await systemd();
      const forgets: (() => void)[] = [];
      for (const unit of units) forgets.push(await bus.onChange(unit, onChange));
      return () => {
        for (const forget of forgets) forget();
      };
    },
    close: () => {
      connection?.then(
        (bus) => {
          bus.close();
        },
        () => undefined,
      );
      connection = null;
    },
  };
}
