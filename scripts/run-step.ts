/** What every step's entry point does around its step: dependencies, lock, signals, receipt, exit code. */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ErrorCode, UpdateError } from '../lib/core/errors.ts';
import { errnoOf, toUpdateError } from '../lib/core/errors.ts';
import type { DevicePaths } from '../lib/core/paths.ts';
import { devicePaths } from '../lib/core/paths.ts';
import type { Receipt } from '../lib/core/state.ts';
import { liveProgress } from '../lib/device/running.ts';
import { readConfig } from '../lib/io/config-file.ts';
import type { LockOptions } from '../lib/io/lock.ts';
import { takeLock } from '../lib/io/lock.ts';
import { isNetworkAtWork, lockHolder } from '../lib/io/lock-holder.ts';
import { takeRootLocks } from '../lib/io/step-locks.ts';
import type { Narrator } from '../lib/io/narrator.ts';
import { narrator } from '../lib/io/narrator.ts';
import { assertOwnRoot } from '../lib/io/own-root.ts';
import { notifyRoute, progressChannel } from '../lib/io/progress-channel.ts';
import { stateFiles } from '../lib/io/state-file.ts';
import { sureEnd } from '../lib/io/sure-end.ts';
import type { UnitEnding } from '../lib/io/unit-ending.ts';
import type { StepDeps, StepResult } from '../lib/steps/deps.ts';
import { recordFailure, recordResult } from '../lib/steps/ended.ts';
import { findKilled, recordKilledStep } from '../lib/steps/killed-step.ts';
import { publish } from '../lib/steps/publish.ts';
import { RecordedFailure } from '../lib/steps/recorded-failure.ts';
import type { RunLog } from '../lib/steps/run-log.ts';
import { openRunLog } from '../lib/steps/run-log.ts';
import type { Place } from '../lib/transaction/place.ts';
import type { Streams } from './run-program.ts';
import { runProgram, standardStreams } from './run-program.ts';

export interface StepEntry {
  step: Receipt['step'];
  summary: string;
  /** How long it waits for another step to end. */
  lockWaitMs: number;
  /** What is done about whoever has the lock, while this step waits for it. */
  whileWaiting?: (deps: StepDeps) => Promise<void>;
  body: (deps: StepDeps) => Promise<StepResult>;
  /** How a unit ended; left out by a step that runs before systemd has anything to tell. */
  unitEnding?: (unit: string) => Promise<UnitEnding | null>;
}

const EXIT = { ok: 0, failed: 1, usage: 2, busy: 75 } as const;

/** What ends a step early, and its exit code then. SIGHUP: the terminal it was started from is gone. */
const STOPS = [
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const;

/**
 * Runs one step and ends the process: 0 done or nothing to do, 1 failed, 2 usage, 75 busy, 143 stopped by SIGTERM. A step that
 * cannot come to an end, or throws where no one waits for it, has failed as any other: it is recorded and told.
 */
export async function runStep(entry: StepEntry): Promise<void> {
  const streams = standardStreams();
  await runProgram(() => runToExitCode(entry, streams), streams);
}

async function runToExitCode(entry: StepEntry, streams: Streams): Promise<number> {
  const [, , ...args] = process.argv;
  if (args.length > 0) return usage(entry, args, streams);
  const given = process.env['PIKIT_ROOT'] ?? '/';
  const root = resolve(given);
  const narrate = narrator({
    ...streams,
    toJournal: stdoutIsJournal(),
  });
  if (given === '' || !isDirectory(root)) {
    const what = given === '' ? 'is empty' : `names '${root}', which is not a folder`;
    streams.err(`error: PIKIT_ROOT ${what}\nhint: name the folder that stands for '/', or unset PIKIT_ROOT\n`);
    return EXIT.usage;
  }
  assertOwnRoot(root);
  const paths = devicePaths(root);
  const files = stateFiles(paths, (message) => {
    narrate.warning(message);
  });
  const stop = new AbortController();
  const stopped: { by: number | null } = { by: null };
  for (const [name, code] of STOPS) {
    process.on(name, () => {
      stopped.by = code;
      stop.abort();
    });
  }
  const now = (): Date => new Date();
  const started = performance.now();
  const tookMs = (): number => Math.round(performance.now() - started);
  const run = process.env['INVOCATION_ID'] ?? randomUUID();
  const channel = progressChannel(
    files,
    { step: entry.step, pid: process.pid, invocation: run, started: now().toISOString() },
    notifyRoute(process.env),
    now,
  );
  const deps: StepDeps = {
    paths,
    place: placeOf(paths),
    files,
    narrate,
    loadConfig: () => readConfig(paths.config),
    report: channel.report,
    now,
    tookMs,
    signal: stop.signal,
    breathe: async () => {
      await sureEnd('the step', nextTurn);
    },
    run,
    byTimer: process.env['TRIGGER_UNIT'] === 'pikit-update.timer',
    arch: process.arch,
    machineId: () => machineId(root),
    killed: null,
  };
  /** There with the lock. */
  let log: RunLog | null = null;
  let isGoingOn = false;
  const isGivenUp = (): boolean => isGoingOn;
  const holder = (): string | null => lockHolder(() => liveProgress({ files, isAlive }));
  let waiting: Promise<void> = Promise.resolve();
  try {
    // What a gate has granted is for this run alone, however it ends: kept, it would make the next one by hand that of the timer,
    // and fetch would be skipped for as long as it is there.
    if (entry.step !== 'check' && entry.step !== 'recover') deps.granted = files.takeToken(entry.step);
    const locking: LockOptions = {
      waitMs: entry.lockWaitMs,
      signal: stop.signal,
      onWait: () => {
        const who = holder();
        narrate.info(`another step is running: waiting for it, at most ${String(entry.lockWaitMs / 1000)} s`);
        if (who !== null) narrate.info(`the lock is held by ${who}`);
        // Safe to ignore: the wait for the lock is what counts.
        waiting = (entry.whileWaiting?.(deps) ?? waiting).catch(() => undefined);
      },
      holder,
    };
    // In a folder there is one user, and no control group that tells who is at work.
    if (root === '/' && entry.step !== 'check' && entry.step !== 'fetch')
      await takeRootLocks({ own: paths.rootLock, shared: paths.lock, isNetworkAtWork, warn: narrate.warning }, locking);
    else await takeLock(paths.lock, locking);
    await waiting;
    if (root === '/' && entry.unitEnding !== undefined) deps.killed = await findKilled(deps, entry.unitEnding);
    recordKilledStep(deps, entry.step);
    log = openRunLog(deps, entry.step, process.pid);
    isGoingOn = true;
    const result = await sureEnd(`the step ${entry.step}`, () =>
      entry.body(deps).finally(() => {
        isGoingOn = false;
      }),
    );
    narrate[result.outcome === 'ok' && entry.step !== 'check' ? 'notice' : 'info'](result.message);
    if (result.hint !== undefined) narrate.info(result.hint);
    recordResult(deps, { step: entry.step, at: now(), tookMs: tookMs() }, result);
    publish(deps, entry.step, null);
    log.done(result);
    return EXIT.ok;
  } catch (error) {
    const failure = toUpdateError(error);
    tell(narrate, failure, stdoutIsJournal());
    if (log !== null) {
      if (!(failure instanceof RecordedFailure)) recordFailure(deps, { step: entry.step, at: now(), tookMs: tookMs() }, failure);
      publish(deps, entry.step, failure);
      log.failed(failure);
    }
    return stopped.by ?? exitCodeOf(failure.code);
  } finally {
    if (log !== null) await channel.close();
    // What was given up has been recorded as a failure, and must not go on behind that.
    if (isGivenUp()) setImmediate(() => process.exit());
  }
}

function usage(entry: StepEntry, args: readonly string[], streams: Streams): number {
  const text = `usage: ${entry.step}\n\n${entry.summary}\nIt takes no arguments; PIKIT_ROOT names the folder that stands for '/'.\n`;
  if (args.length === 1 && (args[0] === '--help' || args[0] === '-h')) {
    streams.out(text);
    return EXIT.ok;
  }
  streams.err(`error: unknown argument '${args[0] ?? ''}'\n${text}`);
  return EXIT.usage;
}

function exitCodeOf(code: ErrorCode): number {
  if (code === 'BUSY') return EXIT.busy;
  return code === 'USAGE' ? EXIT.usage : EXIT.failed;
}

/**
 * The one place where a failure is logged. What a service wrote is in its own journal, for those who may read that: ours is shown on
 * the dashboard.
 */
function tell(narrate: Narrator, failure: UpdateError, toJournal: boolean): void {
  narrate.error(`${failure.message} [${failure.code}]`);
  if (!toJournal) for (const line of failure.lines) narrate.info(`${failure.subject ?? 'it'} wrote: ${line}`);
  if (failure.hint !== null) narrate.hint(failure.hint);
}

function isDirectory(path: string): boolean {
  return fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** systemd names the device and inode of the journal's stream; only then are priority prefixes understood (systemd.exec(5)). */
function stdoutIsJournal(): boolean {
  const stream = process.env['JOURNAL_STREAM'];
  if (stream === undefined) return false;
  const { dev, ino } = fs.fstatSync(1);
  return stream === `${String(dev)}:${String(ino)}`;
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

export function placeOf(paths: DevicePaths): Place {
  return {
    root: paths.root,
    journal: paths.journal,
    installed: paths.installed,
    installedNext: paths.installedNext,
    backups: '/var/backups/pikit',
    edited: paths.edited,
    owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  };
}

/** Stable for one device; without /etc/machine-id its name has to do. */
function machineId(root: string): string {
  try {
    return fs.readFileSync(`${root}/etc/machine-id`, 'utf8').trim();
  } catch {
    // Safe to ignore: it only decides when a phased release reaches this device.
    return hostname();
  }
}
