/**
 * systemd over the system bus: unit facts, jobs with their results, changes as they happen. Every call has a time limit, because a
 * dead bus leaves calls pending for ever.
 */
import { constants } from 'node:os';
import * as z from 'zod';
import type { UpdateError } from '../../core/errors.ts';
import type { BusSignal } from './bus.ts';
import { isUnknownObject, openBus } from './bus.ts';
import { unavailable } from './bus-errors.ts';
import type { ConnectOptions } from './connect-options.ts';
import { jobResults } from './job-results.ts';
import { nameOwner } from './bus-name-owner.ts';
import { connectionLoss } from './connection-loss.ts';
import type { UnitSetting } from './transient-unit.ts';
import { START_TRANSIENT, transientBody } from './transient-unit.ts';
import type { Properties, UnitStatus } from '../systemd/unit-status.ts';
import { nextElapse, unitStatus } from '../systemd/unit-status.ts';

const SYSTEMD = 'org.freedesktop.systemd1';
const MANAGER_PATH = '/org/freedesktop/systemd1';
const MANAGER = 'org.freedesktop.systemd1.Manager';
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const BUS = 'org.freedesktop.DBus';
const BUS_PATH = '/org/freedesktop/DBus';
const CALL_TIMEOUT_MS = 25_000;
/** The result of a job that ended while systemd was away: its unit tells. */
const MISSED = 'missed';

export type JobVerb = 'StartUnit' | 'StopUnit' | 'RestartUnit' | 'ReloadUnit';

/** Queues a job in mode `replace`, and resolves with its path at once. Throws as `job`. */
export type QueueJob = (verb: JobVerb, name: string) => Promise<string>;

export interface Systemd {
  unit: (name: string) => Promise<UnitStatus>;
  /** When a timer elapses next, or null when it does not. */
  nextElapse: (timer: string) => Promise<Date | null>;
  /**
   * Queues a job and waits for it; the result is systemd's: done, failed, dependency, timeout, canceled, skipped … Throws
   * PERMISSION or NOT_FOUND when systemd does not queue it.
   */
  job: (verb: JobVerb, name: string, timeoutMs: number) => Promise<string>;
  queue: QueueJob;
  /** Waits for a job of this unit whose path `queue` resolves to: another process may have queued it. */
  jobEnd: (name: string, queue: () => Promise<string>, timeoutMs: number) => Promise<string>;
  /**
   * Makes a unit of these settings and starts it; the result is that of its job, as with `job`. While this connection is there, what
   * became of the unit can be asked. Throws SYSTEMD_UNAVAILABLE for a setting that this systemd does not know.
   */
  startTransient: (name: string, settings: readonly UnitSetting[], timeoutMs: number) => Promise<string>;
  /** Calls back whenever a property of the unit changes, until `close`, or until the function that it resolves to is called. */
  onChange: (name: string, listener: () => void) => Promise<() => void>;
  /** SIGKILL to all of its processes. Throws PERMISSION if the caller is not root. */
  kill: (name: string) => Promise<void>;
  /** Forgets that the unit has failed, and how often it was started: the next start is not refused by its start limit. */
  forgetFailures: (name: string) => Promise<void>;
  enable: (names: readonly string[]) => Promise<void>;
  disable: (names: readonly string[]) => Promise<void>;
  reloadDaemon: () => Promise<void>;
  close: () => void;
}

const Text = z.string();
const Variants = z.record(z.string(), z.object({ value: z.unknown() }));
const Reloading = z.tuple([z.boolean()]).catch([false]);
const JobRemoved = z.tuple([z.number(), z.string(), z.string(), z.string()]);
const NameOwnerChanged = z.tuple([z.string(), z.string(), z.string()]);

/** The answer, validated. Throws SYSTEMD_UNAVAILABLE for anything else: no systemd that we know answers like that. */
function understood<T>(schema: z.ZodType<T>, answer: unknown, member: string): T {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw unavailable(`systemd sent an invalid answer to ${member}`, parsed.error);
}

/** Connects to the system bus. Throws SYSTEMD_UNAVAILABLE, here and from every call, when bus or systemd do not answer. */
export async function connectSystemd({ callTimeoutMs = CALL_TIMEOUT_MS, onLost, onNews }: ConnectOptions = {}): Promise<Systemd> {
  let open = false;
  const lost = connectionLoss();
  const fail = (error: UpdateError): void => {
    lost.fail(error);
    if (open) onLost?.(error);
    open = false;
  };
  const owner = nameOwner();
  let reloading = false;
  const jobs = jobResults();
  const listeners = new Map<string, Set<() => void>>();

  function late(member: string): UpdateError {
    const message = `${open ? 'systemd' : 'the system bus'} did not answer ${member} within ${String(callTimeoutMs / 1000)} s`;
    if (open && (owner.current() === '' || reloading))
      return unavailable(`${message}: it is reloading its units`, undefined, 'try again in a moment');
    return unavailable(message);
  }

  async function call(path: string, iface: string, member: string, signature: string, body: unknown[]): Promise<unknown[]> {
    let isLate = false;
    const destination = path === BUS_PATH ? BUS : SYSTEMD;
    const ask = async (): Promise<unknown[]> => {
      if (destination === SYSTEMD) await owner.present();
      if (isLate) return []; // the caller was told that it failed, so nothing may start now
      return await bus.call({ destination, path, interface: iface, member, signature, body });
    };
    return await lost.within(ask, callTimeoutMs, () => {
      isLate = true;
      return late(member);
    });
  }
  const manager = (member: string, signature = '', body: unknown[] = []): Promise<unknown[]> => call(MANAGER_PATH, MANAGER, member, signature, body);
  const daemon = (member: string, text: string): Promise<unknown[]> => call(BUS_PATH, BUS, member, 's', [text]);

  function heard(message: BusSignal): void {
    if (message.sender === BUS && message.member === 'NameOwnerChanged') {
      const changed = NameOwnerChanged.safeParse(message.body);
      if (changed.success && changed.data[0] === SYSTEMD) {
        owner.set(changed.data[2]);
        if (open && changed.data[2] !== '') void comeBack();
      }
    }
    if (message.sender !== owner.current()) return;
    if (message.member === 'JobRemoved') {
      const parsed = JobRemoved.safeParse(message.body);
      if (!parsed.success) return;
      const [, job, , result] = parsed.data;
      jobs.ended(job, result);
    } else if (message.member === 'PropertiesChanged') {
      for (const listener of listeners.get(message.path) ?? []) listener();
    } else if (message.member === 'Reloading') {
      reloading = Reloading.parse(message.body)[0];
      if (!reloading) onNews?.();
    }
  }
  const bus = openBus({ onSignal: heard, onEnd: fail });

  /** systemd keeps its list of listeners over `systemctl daemon-reexec`, but reports nothing of jobs that ended while it was off the bus. */
  async function comeBack(): Promise<void> {
    try {
      await manager('Subscribe').catch(() => undefined); // asked twice, it refuses
      for (const job of jobs.pending()) {
        const isThere = await call(job, PROPERTIES, 'Get', 'ss', [`${SYSTEMD}.Job`, 'State']).then(
          () => true,
          (error: unknown) => !isUnknownObject(error),
        );
        if (!isThere) jobs.ended(job, MISSED);
      }
    } finally {
      onNews?.();
    }
  }

  try {
    await daemon('AddMatch', `type='signal',sender='${BUS}',interface='${BUS}',member='NameOwnerChanged',arg0='${SYSTEMD}'`);
    owner.set(understood(Text, (await daemon('GetNameOwner', SYSTEMD))[0], 'GetNameOwner'));
    await manager('Subscribe');
    const signals = `type='signal',sender='${SYSTEMD}'`;
    for (const member of ['JobRemoved', 'Reloading']) await daemon('AddMatch', `${signals},interface='${MANAGER}',member='${member}'`);
    await daemon('AddMatch', `${signals},interface='${PROPERTIES}',member='PropertiesChanged',path_namespace='/org/freedesktop/systemd1/unit'`);
    open = true;
  } catch (error) {
    bus.close();
    throw error;
  }

  const pathOf = async (name: string): Promise<string> => understood(Text, (await manager('LoadUnit', 's', [name]))[0], 'LoadUnit');
  const propertiesOf = async (path: string, iface: string): Promise<Properties> => {
    const [values] = await call(path, PROPERTIES, 'GetAll', 's', [`${SYSTEMD}.${iface}`]);
    return new Map(Object.entries(understood(Variants, values, 'GetAll')).map(([key, variant]) => [key, variant.value]));
  };

  const factsOf = async (name: string): Promise<UnitStatus> => {
    const path = await pathOf(name);
    const unit = await propertiesOf(path, 'Unit');
    return unitStatus(name, unit, name.endsWith('.service') ? await propertiesOf(path, 'Service') : new Map());
  };
  const queue: QueueJob = async (verb, name) => understood(Text, (await manager(verb, 'ss', [name, 'replace']))[0], verb);
  const jobEnd: Systemd['jobEnd'] = async (name, ask, timeoutMs) => {
    const result = await jobs.wait(ask, timeoutMs, lost);
    if (result !== MISSED) return result;
    return (await factsOf(name)).activeState === 'failed' ? 'failed' : 'done';
  };

  return {
    unit: factsOf,
    nextElapse: async (timer) => nextElapse(await propertiesOf(await pathOf(timer), 'Timer')),
    job: async (verb, name, timeoutMs) => await jobEnd(name, async () => await queue(verb, name), timeoutMs),
    queue,
    jobEnd,
    startTransient: async (name, settings, timeoutMs) =>
      await jobEnd(
        name,
        async () => {
          const body = transientBody(name, [{ name: 'AddRef', signature: 'b', value: true }, ...settings]);
          return understood(Text, (await manager('StartTransientUnit', START_TRANSIENT, body))[0], 'StartTransientUnit');
        },
        timeoutMs,
      ),
    onChange: async (name, listener) => {
      const path = await pathOf(name);
      const set = listeners.get(path) ?? new Set();
      // Of its own: the same function may be there twice, and be taken away once.
      const own = listener.bind(null);
      listeners.set(path, set.add(own));
      return () => {
        set.delete(own);
      };
    },
    kill: async (name) => {
      await manager('KillUnit', 'ssi', [name, 'all', constants.signals.SIGKILL]);
    },
    forgetFailures: async (name) => {
      await manager('ResetFailedUnit', 's', [name]);
    },
    enable: async (names) => {
      await manager('EnableUnitFiles', 'asbb', [[...names], false, true]);
    },
    disable: async (names) => {
      await manager('DisableUnitFiles', 'asb', [[...names], false]);
    },
    reloadDaemon: async () => {
      await manager('Reload');
    },
    close: () => {
      open = false;
      jobs.close();
      bus.close();
    },
  };
}
