/**
 * systemd over the system bus: unit facts, jobs with their results, changes as they happen. The only file that knows
 * dbus-next. Plain messages instead of its proxy objects, which lose signals after a restart of the peer (#96) and never drop
 * a match rule (#110); every call has a time limit, because a dead bus leaves calls pending for ever.
 */
import { EventEmitter } from 'node:events';
import dbus from 'dbus-next';
import * as z from 'zod';
import type { ErrorCode } from '../core/errors.ts';
import { UpdateError } from '../core/errors.ts';
import { jobEnds } from './job-ends.ts';
import type { Properties, UnitFacts } from './unit-facts.ts';
import { nextElapse, unitFacts } from './unit-facts.ts';

const SYSTEMD = 'org.freedesktop.systemd1';
const MANAGER_PATH = '/org/freedesktop/systemd1';
const MANAGER = 'org.freedesktop.systemd1.Manager';
const PROPERTIES = 'org.freedesktop.DBus.Properties';
const BUS = 'org.freedesktop.DBus';
const BUS_PATH = '/org/freedesktop/DBus';
const CALL_TIMEOUT_MS = 25_000;

export type JobVerb = 'StartUnit' | 'StopUnit' | 'RestartUnit' | 'ReloadUnit';

export interface Systemd {
  unit: (name: string) => Promise<UnitFacts>;
  /** When a timer elapses next, or null when it does not. */
  nextElapse: (timer: string) => Promise<Date | null>;
  /**
   * Queues a job and waits for it; the result is systemd's: done, failed, dependency, timeout, canceled, skipped … Throws
   * PERMISSION or NOT_FOUND when systemd does not queue it.
   */
  job: (verb: JobVerb, name: string, timeoutMs: number) => Promise<string>;
  /** Calls back whenever a property of the unit changes, until `close`. */
  onChange: (name: string, listener: () => void) => Promise<void>;
  /** Forgets that the unit has failed, and how often it was started: the next start is not refused by its start limit. */
  forgetFailures: (name: string) => Promise<void>;
  enable: (names: readonly string[]) => Promise<void>;
  disable: (names: readonly string[]) => Promise<void>;
  reloadDaemon: () => Promise<void>;
  close: () => void;
}

const Text = z.string();
const Variants = z.record(z.string(), z.object({ value: z.unknown() }));
const JobRemoved = z.tuple([z.number(), z.string(), z.string(), z.string()]);
const NameOwnerChanged = z.tuple([z.string(), z.string(), z.string()]);

function unavailable(message: string, cause?: unknown): UpdateError {
  return new UpdateError('SYSTEMD_UNAVAILABLE', message, {
    hint: 'is the package dbus installed and dbus.service running? without systemd set services.manager = "none"',
    cause,
  });
}

const REFUSALS: Readonly<Record<string, { code: ErrorCode; hint: string }>> = {
  [`${BUS}.Error.AccessDenied`]: { code: 'PERMISSION', hint: 'run it as root, for example with sudo' },
  [`${BUS}.Error.InteractiveAuthorizationRequired`]: { code: 'PERMISSION', hint: 'run it as root, for example with sudo' },
  [`${SYSTEMD}.NoSuchUnit`]: { code: 'NOT_FOUND', hint: 'is the package pikit-update installed? `systemctl daemon-reload` makes new units known' },
  [`${SYSTEMD}.UnitMasked`]: { code: 'STEP_FAILED', hint: '`systemctl unmask` with its name allows it again' },
};

/** An answer that is an error: systemd says no, or nobody by its name answers. */
function refusal(member: string, error: unknown): UpdateError {
  const text = error instanceof Error ? error.message : String(error);
  const known = error instanceof dbus.DBusError ? REFUSALS[error.type] : undefined;
  if (known === undefined) return unavailable(`systemd refused ${member}: ${text}`, error);
  return new UpdateError(known.code, `systemd refused ${member}: ${text.replace(/\.$/, '')}`, { hint: known.hint, cause: error });
}

/** HACK: the library says nothing when the daemon closes the connection; only its inner connection knows. */
function onEnd(bus: dbus.MessageBus, listener: () => void): void {
  const connection: unknown = Reflect.get(bus, '_connection');
  if (connection instanceof EventEmitter) connection.on('end', listener);
}

function openBus(): dbus.MessageBus {
  try {
    return dbus.systemBus();
  } catch (error) {
    throw unavailable('the system bus cannot be reached', error);
  }
}

/** Connects to the system bus. Throws SYSTEMD_UNAVAILABLE, here and from every call, when bus or systemd do not answer. */
export async function connectSystemd(): Promise<Systemd> {
  const bus = openBus();
  const failed = new Promise<never>((_resolve, reject) => {
    bus.on('error', (error: unknown) => {
      reject(unavailable('the system bus cannot be reached', error));
    });
    onEnd(bus, () => {
      reject(unavailable('the system bus closed the connection'));
    });
  });
  failed.catch(() => undefined); // every call races against it; between calls nobody has to listen
  /** Signals count only from here: anybody on the bus can send us one. It changes when systemd executes itself anew. */
  let owner = '';
  const jobs = jobEnds();
  const listeners = new Map<string, Set<() => void>>();

  async function call(path: string, iface: string, member: string, signature: string, body: unknown[]): Promise<unknown[]> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(unavailable(`systemd did not answer ${member} within ${String(CALL_TIMEOUT_MS / 1000)} s`));
      }, CALL_TIMEOUT_MS);
    });
    const destination = path === BUS_PATH ? BUS : SYSTEMD;
    try {
      const reply = await Promise.race([bus.call(new dbus.Message({ destination, path, interface: iface, member, signature, body })), failed, late]);
      const answer: unknown[] = reply?.body ?? [];
      return answer;
    } catch (error) {
      if (error instanceof UpdateError) throw error;
      throw refusal(member, error);
    } finally {
      clearTimeout(timer);
    }
  }
  const manager = (member: string, signature = '', body: unknown[] = []): Promise<unknown[]> => call(MANAGER_PATH, MANAGER, member, signature, body);
  const daemon = (member: string, text: string): Promise<unknown[]> => call(BUS_PATH, BUS, member, 's', [text]);

  bus.on('message', (message) => {
    if (message.type !== dbus.MessageType.SIGNAL) return;
    if (message.sender === BUS && message.member === 'NameOwnerChanged') {
      const changed = NameOwnerChanged.safeParse(message.body);
      if (changed.success && changed.data[0] === SYSTEMD) owner = changed.data[2];
    }
    if (message.sender !== owner) return;
    if (message.member === 'JobRemoved') {
      const parsed = JobRemoved.safeParse(message.body);
      if (!parsed.success) return;
      const [, job, , result] = parsed.data;
      jobs.ended(job, result);
    } else if (message.member === 'PropertiesChanged') {
      for (const listener of listeners.get(message.path) ?? []) listener();
    }
  });

  try {
    await daemon('AddMatch', `type='signal',sender='${BUS}',interface='${BUS}',member='NameOwnerChanged',arg0='${SYSTEMD}'`);
    owner = Text.parse((await daemon('GetNameOwner', SYSTEMD))[0]);
    await manager('Subscribe');
    await daemon('AddMatch', `type='signal',sender='${SYSTEMD}',interface='${MANAGER}',member='JobRemoved'`);
    await daemon(
      'AddMatch',
      `type='signal',sender='${SYSTEMD}',interface='${PROPERTIES}',member='PropertiesChanged',path_namespace='/org/freedesktop/systemd1/unit'`,
    );
  } catch (error) {
    bus.disconnect();
    throw error;
  }

  const pathOf = async (name: string): Promise<string> => Text.parse((await manager('LoadUnit', 's', [name]))[0]);
  const propertiesOf = async (path: string, iface: string): Promise<Properties> => {
    const [values] = await call(path, PROPERTIES, 'GetAll', 's', [`${SYSTEMD}.${iface}`]);
    return new Map(Object.entries(Variants.parse(values)).map(([key, variant]) => [key, variant.value]));
  };

  return {
    unit: async (name) => {
      const path = await pathOf(name);
      const unit = await propertiesOf(path, 'Unit');
      return unitFacts(name, unit, name.endsWith('.service') ? await propertiesOf(path, 'Service') : new Map());
    },
    nextElapse: async (timer) => nextElapse(await propertiesOf(await pathOf(timer), 'Timer')),
    job: (verb, name, timeoutMs) => {
      const queue = async (): Promise<string> => Text.parse((await manager(verb, 'ss', [name, 'replace']))[0]);
      return jobs.wait(queue, timeoutMs, failed);
    },
    onChange: async (name, listener) => {
      const path = await pathOf(name);
      const set = listeners.get(path) ?? new Set();
      set.add(listener);
      listeners.set(path, set);
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
      jobs.close();
      bus.disconnect();
    },
  };
}
