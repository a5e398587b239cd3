/** A private message bus with something on it that answers as systemd does, for the real client code to talk to. */
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import dbus from 'dbus-next';
import * as z from 'zod';

const NAME = 'org.freedesktop.systemd1';
const MANAGER = `${NAME}.Manager`;
const MANAGER_PATH = '/org/freedesktop/systemd1';
const JOB_VERBS = ['StartUnit', 'StopUnit', 'RestartUnit', 'ReloadUnit'];
const CONFIG = (socket: string): string => `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`;

/** A property with its D-Bus signature: `['s', 'active']`. */
type Property = readonly [signature: string, value: unknown];
type Properties = Readonly<Record<string, Property>>;

/** What the fake does for one job: its result, `never` for one that does not end, or when it is told to. */
type JobScript = (verb: string, unit: string) => string | Promise<string>;

export interface FakeSystemd {
  /** Calls in order, such as `StartUnit a.service replace`. */
  calls: string[];
  /** Unit properties by unit name; units that are not named here are not found. */
  units: Map<string, { unit: Properties; service?: Properties; timer?: Properties }>;
  /** Settings of the units that were made over the bus, by their names; of one that was given more than once, all. */
  transient: Map<string, Map<string, unknown[]>>;
  /** Replaced by tests; `done` at once by default. */
  job: JobScript;
  /** Errors by member: name and text. */
  refusals: Map<string, readonly [name: string, text: string]>;
  /** Members that never answer. */
  silent: Set<string>;
  /** Tells a job's end before the answer that names it. */
  early: boolean;
  /** Changes properties and says so on the bus. */
  change: (unit: string, properties: { unit?: Properties; service?: Properties }) => void;
  /** A JobRemoved signal for every job there is, sent by a peer that is not systemd, straight to the last caller. */
  forge: (result: string) => Promise<void>;
  /** Leaves the bus and comes back with another unique name, as after `systemctl daemon-reexec`. */
  reexec: () => Promise<void>;
  /** The first half of it: no peer is systemd. */
  leave: () => Promise<void>;
  /** Says that it reads its units anew, or has done so. */
  reloading: (active: boolean) => void;
  /** Ends a job that never ends, without a word, as one that ends while systemd is not on the bus. */
  loseJobs: () => void;
  /** Ends the bus with all connections; `reviveBus` starts it again at the same address, with the fake on it. */
  killBus: () => Promise<void>;
  reviveBus: () => Promise<void>;
  /** Ends the bus with all connections. */
  stop: () => Promise<void>;
}

export const hasBus = spawnSync('dbus-daemon', ['--version']).error === undefined;

const Body = z.array(z.unknown());

/** Starts the bus, points DBUS_SYSTEM_BUS_ADDRESS of this process to it, and puts the fake on it. */
export async function fakeSystemd(): Promise<FakeSystemd> {
  const dir = fs.mkdtempSync(join(tmpdir(), 'pikit-bus-'));
  fs.writeFileSync(join(dir, 'bus.conf'), CONFIG(join(dir, 'bus')));
  let daemon = await startDaemon(dir);
  const before = process.env['DBUS_SYSTEM_BUS_ADDRESS'];
  process.env['DBUS_SYSTEM_BUS_ADDRESS'] = `unix:path=${join(dir, 'bus')}`;
  let jobs = 0;
  /** Paths of those that have not ended. */
  const running = new Set<string>();
  let caller = '';

  const fake: FakeSystemd = {
    calls: [],
    units: new Map(),
    transient: new Map(),
    job: () => 'done',
    refusals: new Map(),
    silent: new Set(),
    early: false,
    change: (name, properties) => {
      const old = fake.units.get(name) ?? { unit: {} };
      fake.units.set(name, { ...old, unit: { ...old.unit, ...properties.unit }, service: { ...old.service, ...properties.service } });
      const body = [`${NAME}.Unit`, variants(properties.unit ?? {}), []];
      bus.send(dbus.Message.newSignal(pathOf(name), 'org.freedesktop.DBus.Properties', 'PropertiesChanged', 'sa{sv}as', body));
    },
    forge: async (result) => {
      const other = await connect();
      const signal = dbus.Message.newSignal(MANAGER_PATH, MANAGER, 'JobRemoved', 'uoss', [jobs, jobPath(jobs), 'forged.service', result]);
      signal.destination = caller;
      other.send(signal);
      await other.call(new dbus.Message({ destination: 'org.freedesktop.DBus', path: '/', interface: 'org.freedesktop.DBus', member: 'GetId' }));
      other.disconnect();
    },
    reexec: async () => {
      bus.disconnect();
      bus = await serve();
    },
    leave: async () => {
      await bus.releaseName(NAME);
      await new Promise(setImmediate); // the daemon has told everybody before it answers us; here it is read
    },
    reloading: (active) => {
      bus.send(dbus.Message.newSignal(MANAGER_PATH, MANAGER, 'Reloading', 'b', [active]));
    },
    loseJobs: () => {
      running.clear();
    },
    killBus: async () => {
      const gone = once(daemon, 'exit');
      daemon.kill('SIGKILL');
      await gone;
    },
    reviveBus: async () => {
      daemon = await startDaemon(dir);
      bus = await serve();
    },
    stop: async () => {
      if (before === undefined) delete process.env['DBUS_SYSTEM_BUS_ADDRESS'];
      else process.env['DBUS_SYSTEM_BUS_ADDRESS'] = before;
      if (daemon.signalCode === null) await fake.killBus();
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };

  async function serve(): Promise<dbus.MessageBus> {
    const own = await connect();
    await own.requestName(NAME, 0);
    own.addMethodHandler((message: dbus.Message) => {
      answer(own, message);
      return true;
    });
    return own;
  }

  function answer(own: dbus.MessageBus, message: dbus.Message): void {
    caller = message.sender;
    const body = Body.parse(message.body);
    fake.calls.push([message.member, ...body.flat()].join(' '));
    if (fake.silent.has(message.member)) return;
    const refusal = fake.refusals.get(message.member);
    if (refusal !== undefined) own.send(errorTo(message, refusal));
    else if (message.member === 'GetAll') own.send(dbus.Message.newMethodReturn(message, 'a{sv}', [propertiesAt(message.path, String(body[0]))]));
    else if (message.member === 'LoadUnit') own.send(dbus.Message.newMethodReturn(message, 'o', [pathOf(String(body[0]))]));
    else if (message.member === 'Get') own.send(jobAt(message));
    else if (message.member === 'StartTransientUnit') {
      fake.transient.set(String(body[0]), settingsOf(body[2]));
      runJob(own, message, String(body[0]));
    } else if (JOB_VERBS.includes(message.member)) runJob(own, message, String(body[0]));
    else if (message.member === 'EnableUnitFiles') own.send(dbus.Message.newMethodReturn(message, 'ba(sss)', [true, []]));
    else if (message.member === 'DisableUnitFiles') own.send(dbus.Message.newMethodReturn(message, 'a(sss)', [[]]));
    else own.send(dbus.Message.newMethodReturn(message));
  }

  function runJob(own: dbus.MessageBus, message: dbus.Message, unit: string): void {
    jobs += 1;
    const job = jobs;
    const reply = dbus.Message.newMethodReturn(message, 'o', [jobPath(job)]);
    running.add(jobPath(job));
    const removed = (result: string): void => {
      running.delete(jobPath(job));
      bus.send(dbus.Message.newSignal(MANAGER_PATH, MANAGER, 'JobRemoved', 'uoss', [job, jobPath(job), unit, result]));
    };
    if (!fake.early) own.send(reply);
    const outcome = fake.job(message.member, unit);
    const end = (result: string): void => {
      if (result !== 'never') removed(result);
    };
    if (typeof outcome === 'string') end(outcome);
    else void outcome.then(end);
    if (fake.early) own.send(reply);
  }

  function jobAt(message: dbus.Message): dbus.Message {
    if (!running.has(message.path)) return errorTo(message, ['org.freedesktop.DBus.Error.UnknownObject', `Unknown object '${message.path}'.`]);
    return dbus.Message.newMethodReturn(message, 'v', [new dbus.Variant('s', 'running')]);
  }

  function propertiesAt(path: string, iface: string): Record<string, dbus.Variant> {
    for (const [name, known] of fake.units) {
      if (pathOf(name) !== path) continue;
      if (iface === `${NAME}.Unit`) return variants(known.unit);
      return variants((iface === `${NAME}.Timer` ? known.timer : known.service) ?? {});
    }
    return iface === `${NAME}.Unit` ? variants({ LoadState: ['s', 'not-found'], ActiveState: ['s', 'inactive'] }) : {};
  }

  let bus = await serve();
  return fake;
}

const Settings = z.array(z.tuple([z.string(), z.instanceof(dbus.Variant)]));

function settingsOf(given: unknown): Map<string, unknown[]> {
  const settings = new Map<string, unknown[]>();
  for (const [name, { value }] of Settings.parse(given)) settings.set(name, [...(settings.get(name) ?? []), value]);
  return settings;
}

async function startDaemon(dir: string): Promise<ChildProcess> {
  fs.rmSync(join(dir, 'bus'), { force: true }); // a killed one leaves its socket
  const daemon = spawn('dbus-daemon', ['--nofork', '--print-address=1', `--config-file=${join(dir, 'bus.conf')}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(daemon.stdout, 'data');
  return daemon;
}

/** Its type says that the message is a text. */
function errorTo(message: dbus.Message, refusal: readonly string[]): dbus.Message {
  const make: unknown = Reflect.get(dbus.Message, 'newError');
  const error: unknown = typeof make === 'function' ? Reflect.apply(make, null, [message, ...refusal]) : null;
  if (error instanceof dbus.Message) return error;
  throw new Error('dbus-next made something else of it');
}

async function connect(): Promise<dbus.MessageBus> {
  const bus = dbus.systemBus();
  bus.on('error', () => undefined);
  await once(bus, 'connect');
  return bus;
}

function variants(properties: Properties): Record<string, dbus.Variant> {
  return Object.fromEntries(Object.entries(properties).map(([key, [signature, value]]) => [key, new dbus.Variant(signature, value)]));
}

function pathOf(unit: string): string {
  const escaped = unit.replace(/[^A-Za-z0-9]/g, (letter) => `_${letter.charCodeAt(0).toString(16)}`);
  return `/org/freedesktop/systemd1/unit/${escaped}`;
}

function jobPath(job: number): string {
  return `/org/freedesktop/systemd1/job/${String(job)}`;
}
