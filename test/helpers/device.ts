/**
 * A device for tests of the steps: a temporary folder that stands for `/`, with an update.toml. Its steps run as functions in
 * this process with the real edges, or as real processes from dist/ (or wherever PIKIT_TEST_DIST says that the build is).
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import type { DevicePaths } from '../../lib/core/device/paths.ts';
import { devicePaths } from '../../lib/core/device/paths.ts';
import type { Log } from '../../lib/io/log.ts';
import { readConfig } from '../../lib/io/state/config-file.ts';
import type { StateFiles } from '../../lib/io/state/state-files.ts';
import { stateFiles } from '../../lib/io/state/state-files.ts';
import type { ApplyDeps, NetworkDeps, StepDeps } from '../../lib/steps/deps.ts';
import { deviceDeps } from '../../scripts/device-deps.ts';
import { metadataTools } from '../../scripts/metadata-tools.ts';
import { networkDeps } from '../../scripts/network-deps.ts';
import { transactionPaths } from '../../lib/transaction/transaction-paths.ts';
import type { Snapshot } from './tree.ts';
import { snapshot, writeTree } from './tree.ts';
import { sameClock } from './faketime.ts';

export type Step = 'check' | 'fetch' | 'apply' | 'rollback' | 'recover';

export interface DeviceOptions {
  /** The source; no server answers at the default. */
  url?: string;
  source?: 'static' | 'gitea';
  health?: readonly string[];
  healthTimeout?: string;
  restart?: readonly string[];
  /** Further lines of update.toml, after all others. */
  toml?: string;
  /** Where the root is to be; default is a folder of its own, removed after the test. */
  root?: string;
}

export interface Device {
  root: string;
  paths: DevicePaths;
  files: StateFiles;
  /** Writes update.toml anew. */
  configure: (options: DeviceOptions) => void;
  /** A path on the device, for fs. */
  at: (path: string) => string;
  /** The text of a file on the device, or null. */
  read: (path: string) => string | null;
  /** Everything below these folders, by default all that a release may change. */
  tree: (dirs?: readonly string[]) => Snapshot;
}

/** What the updater keeps for itself; the rest of a device is what people see. */
const OURS = ['/var/lib', '/var/cache', '/var/backups', '/run'];

/** A device on nothing, without services. The folder goes when the test ends. */
export function device(options: DeviceOptions = {}): Device {
  const root = options.root ?? temporary();
  const paths = devicePaths(root);
  const at = (path: string): string => join(root, path);
  const configure = (wanted: DeviceOptions): void => {
    writeTree(root, { '/etc/pikit/update.toml': toml(wanted) });
  };
  configure(options);
  return {
    root,
    paths,
    files: stateFiles(paths, () => undefined),
    configure,
    at,
    read: (path) => (fs.existsSync(at(path)) ? fs.readFileSync(at(path), 'utf8') : null),
    tree: (dirs) => {
      const all = snapshot(root, OURS);
      return dirs === undefined ? all : Object.fromEntries(Object.entries(all).filter(([path]) => dirs.some((dir) => path.startsWith(`${dir}/`))));
    },
  };
}

/** A folder that goes when the test ends. The last processes of a browser may still write to it then: that is tried again. */
export function temporary(): string {
  const dir = fs.mkdtempSync(join(fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir(), 'pikit-device-'));
  onTestFinished(() => {
    fs.rmSync(dir, { recursive: true, force: true, maxRetries: 20 });
  });
  return dir;
}

function toml(options: DeviceOptions): string {
  const list = (items: readonly string[]): string => `[${items.map((item) => JSON.stringify(item)).join(', ')}]`;
  return `[source]
type = "${options.source ?? 'static'}"
url = "${options.url ?? 'http://127.0.0.1:1/'}"
[services]
manager = "none"
restart = ${list(options.restart ?? ['pikit-api.service'])}
[health]
http = ${list(options.health ?? [])}
timeout = "${options.healthTimeout ?? '1s'}"
[limits]
retries = 0
${options.toml ?? ''}`;
}

/** What a step said: one line each, `level: message`. */
export interface Said {
  said: string[];
}

export const NOW = new Date('2026-11-22T10:00:00.000Z');

/** The dependencies of a step run in this process: real edges, a fixed clock, and its words kept. */
export function stepDeps(on: Device, overrides: Partial<StepDeps> = {}): StepDeps & Said {
  const said: string[] = [];
  const narrate = narratorInto(said);
  return {
    said,
    paths: on.paths,
    place: transactionPaths(on.paths),
    files: stateFiles(on.paths, narrate.warning),
    log: narrate,
    loadConfig: () => readConfig(on.paths.config),
    report: () => undefined,
    now: () => NOW,
    tookMs: () => 5,
    signal: new AbortController().signal,
    breathe: async () => {
      await nextTurn();
    },
    run: 'run-1',
    byTimer: false,
    arch: 'arm64',
    machineId: () => 'machine',
    builtAt: null,
    killed: null,
    ...overrides,
  };
}

function narratorInto(said: string[]): Log {
  const say = (level: string) => (message: string) => {
    said.push(`${level}: ${message}`);
  };
  return { info: say('info'), notice: say('notice'), warning: say('warning'), error: say('error'), hint: say('hint') };
}

export function netDeps(on: Device, overrides: Partial<NetworkDeps> = {}): NetworkDeps & Said {
  const base = stepDeps(on, overrides);
  return { ...networkDeps(base), said: base.said, ...overrides };
}

export function rootDeps(on: Device, overrides: Partial<ApplyDeps> = {}): ApplyDeps & Said {
  const base = stepDeps(on, overrides);
  return { ...deviceDeps(base), metadataTools, said: base.said, ...overrides };
}

const DIST = process.env['PIKIT_TEST_DIST'] ?? join(import.meta.dirname, '../../dist');

export interface Ended {
  /** Exit code, or the name of the signal. */
  code: number | string;
  out: string;
  err: string;
}

export interface RunOptions {
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** A command that starts it, for example `['setpriv', …]`. */
  through?: readonly string[];
  cwd?: string;
}

export interface Running {
  child: ChildProcess;
  ended: Promise<Ended>;
}

/** Starts an entry point of dist/ as a process of its own. */
export function start(name: string, root: string | null, options: RunOptions = {}): Running {
  const entry = join(DIST, `${name}.js`);
  if (!fs.existsSync(entry)) throw new Error(`'${entry}' is not there: npm run build`);
  const [command = '', ...args] = [...(options.through ?? []), process.execPath, entry, ...(options.args ?? [])];
  const child = spawn(command, args, {
    cwd: options.cwd ?? dirname(DIST),
    env: { PATH: process.env['PATH'] ?? '', ...sameClock(), ...(root === null ? {} : { PIKIT_ROOT: root }), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const texts = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text));
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve({ code: code ?? signal ?? 'nothing', ...texts });
    });
  });
  return { child, ended };
}

/** Runs an entry point to its end. */
export async function run(name: string, root: string | null, options: RunOptions = {}): Promise<Ended> {
  return await start(name, root, options).ended;
}

/** Runs a step of a device to its end. */
export async function step(on: Device, name: Step, options: RunOptions = {}): Promise<Ended> {
  return await run(name, on.root, options);
}
