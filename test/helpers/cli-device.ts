/** A device for tests of the command line: a folder, units that do what the test says, and all that was printed. */
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { runPikitUpdate } from '../../lib/cli/cli.ts';
import type { CliDeps } from '../../lib/cli/deps.ts';
import { devicePaths } from '../../lib/core/device/paths.ts';
import type { Available, Progress, Receipt, State } from '../../lib/core/device/state.ts';
import { readConfig } from '../../lib/io/state/config-file.ts';
import { freeSpace } from '../../lib/io/disk.ts';
import type { Log } from '../../lib/io/log.ts';
import { stateFiles } from '../../lib/io/state/state-files.ts';
import { leaveRun } from './run-start.ts';
import type { UnitSight } from '../../lib/core/run/unit-sight.ts';
import type { JobResult, UnitRunner } from '../../lib/io/systemd/unit-runner.ts';
import { plainReceipt } from '../../lib/steps/outcome/receipts.ts';
import { transactionPaths } from '../../lib/transaction/transaction-paths.ts';

export const NOW = new Date('2026-11-20T12:00:00.000Z');

export interface CliDevice {
  root: string;
  deps: CliDeps;
  /** What was printed since the last look, standard output and standard error apart. */
  printed: () => { out: string; err: string };
  /** Runs a command line to its exit code. */
  run: (line: string) => Promise<{ exit: number; out: string; err: string }>;
  /** What was asked of the units, such as `start pikit-update-check.service`. */
  asked: string[];
  /** What a unit does when it is started; by default it has nothing to do, and is `done` at once. */
  onStart: (unit: string) => JobResult | Promise<JobResult>;
  looks: Map<string, Partial<UnitSight>>;
  /** Tells followers that something changed. */
  change: () => void;
  interrupt: () => void;
  setState: (state: Partial<State>) => void;
  /** A step that runs, by its report and a living process. */
  setProgress: (progress: Partial<Progress>) => void;
}

export function cliDevice(options: { terminal?: boolean; alive?: boolean } = {}): CliDevice {
  const root = fs.mkdtempSync(join(tmpdir(), 'pikit-cli-'));
  onTestFinished(() => {
    fs.rmSync(root, { recursive: true });
  });
  const paths = devicePaths(root);
  const stop = new AbortController();
  const followers = new Set<() => void>();
  let out = '';
  let err = '';
  fs.mkdirSync(join(root, 'etc/pikit'), { recursive: true });
  fs.writeFileSync(
    paths.config,
    '[source]\ntype = "static"\nurl = "http://127.0.0.1:9/"\n[services]\nmanager = "none"\nrestart = ["pikit-api.service"]\n',
  );

  const units: UnitRunner = {
    start: async (unit) => {
      device.asked.push(`start ${unit}`);
      return await device.onStart(unit);
    },
    stop: (unit) => {
      device.asked.push(`stop ${unit}`);
      return Promise.resolve('done');
    },
    look: (unit) => Promise.resolve({ ...AT_REST, ...device.looks.get(unit) }),
    isMeantToRun: () => Promise.resolve(true),
    nextElapse: () => Promise.resolve(null),
    follow: (_units, onChange) => {
      followers.add(onChange);
      return Promise.resolve(() => {
        followers.delete(onChange);
      });
    },
    close: () => undefined,
  };

  const deps: CliDeps = {
    version: '1.2.3',
    paths,
    place: transactionPaths(paths),
    files: stateFiles(paths, (message) => (err += `warning: ${message}\n`)),
    terminal: { out: (text) => (out += text), err: (text) => (err += text), isTerminal: options.terminal ?? false, columns: () => 80 },
    now: () => NOW,
    loadConfig: () => readConfig(paths.config),
    freeSpace,
    units: () => Promise.resolve(units),
    isAlive: () => options.alive ?? true,
    terminate: null,
    journalctl: null,
    ask: null,
    readInput: () => Promise.resolve(Buffer.alloc(0)),
    requestRoot: () => Promise.reject(new Error('there is no source')),
    signal: stop.signal,
  };

  const device: CliDevice = {
    root,
    deps,
    printed: () => {
      const text = { out: out.replaceAll(root, 'ROOT'), err: err.replaceAll(root, 'ROOT') };
      out = '';
      err = '';
      return text;
    },
    run: async (line) => {
      const exit = await runPikitUpdate(line === '' ? [] : line.split(' '), deps);
      return { exit, ...device.printed() };
    },
    asked: [],
    onStart: (unit) => {
      leaveRun(deps.files, unit);
      return 'done';
    },
    looks: new Map(),
    change: () => {
      for (const follower of followers) follower();
    },
    interrupt: () => {
      stop.abort();
    },
    setState: (state) => {
      deps.files.writeState({ ...deps.files.readState(), ...state });
    },
    setProgress: (progress) => {
      deps.files.writeProgress({ ...PROGRESS, ...progress });
    },
  };
  return device;
}

const nothing = (): void => undefined;
/** For texts that are not read. */
export const SILENT: Log = { info: nothing, notice: nothing, warning: nothing, error: nothing, hint: nothing };

/** A unit that has not been started yet. */
export const AT_REST: UnitSight = { active: false, waiting: false, result: null, exitStatus: null, invocation: null, since: null };

export const PROGRESS: Progress = {
  step: 'fetch',
  phase: 'downloading',
  version: '1.4.0',
  percent: 45,
  bytes: 471_859,
  total_bytes: 1_048_576,
  rate_bytes_per_s: 102_400,
  can_cancel: true,
  pid: process.pid,
  invocation: null,
  started: NOW.toISOString(),
  updated: NOW.toISOString(),
};

export function receipt(more: Partial<Receipt>): Receipt {
  const facts = { step: 'apply', at: new Date('2026-11-20T09:00:00.000Z'), tookMs: null } as const;
  return { ...plainReceipt(facts, 'ok', '1.4.0 is installed', { from: null, to: null }), ...more };
}

export function available(more: Partial<Available> = {}): Available {
  return {
    version: '1.4.0',
    branch: 'stable',
    outcome: 'available',
    reason: null,
    downgrade: false,
    manifest_sha256: 'a'.repeat(64),
    released: null,
    changelog: '',
    notes: '',
    files: 3,
    bundle_bytes: 1_315_593,
    tree_bytes: null,
    ...more,
  };
}
