/** What every step's entry point does around its step: dependencies, lock, signals, receipt, exit code. */
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { hostname } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ErrorCode } from '../lib/core/errors.ts';
import { errnoOf, toUpdateError } from '../lib/core/errors.ts';
import { devicePaths } from '../lib/core/device/paths.ts';
import type { Receipt } from '../lib/core/device/state.ts';
import { liveProgress } from '../lib/device/running.ts';
import { readConfig } from '../lib/io/state/config-file.ts';
import type { LockOptions } from '../lib/io/state/lock.ts';
import { takeLock } from '../lib/io/state/lock.ts';
import { isNetworkAtWork, lockHolder } from '../lib/io/systemd/lock-holder.ts';
import { takeRootLocks } from '../lib/io/state/step-locks.ts';
import { openLog } from '../lib/io/log.ts';
import { ownRoot } from '../lib/io/state/own-root.ts';
import { notifyRoute, progressChannel } from '../lib/io/systemd/progress-channel.ts';
import { journalSocket } from '../lib/io/systemd/journal-socket.ts';
import { endHooks } from '../lib/io/process/end-hooks.ts';
import { stateFiles } from '../lib/io/state/state-files.ts';
import { sureEnd } from '../lib/io/process/sure-end.ts';
import type { UnitEnding } from '../lib/io/systemd/unit-ending.ts';
import type { StepDeps, StepOutcome } from '../lib/steps/deps.ts';
import { recordEnd } from '../lib/steps/outcome/step-result.ts';
import { lifecycleEvent } from '../lib/steps/outcome/lifecycle.ts';
import { findKilled, recordKilledStep } from '../lib/steps/outcome/killed-step.ts';
import { writePublicFacts } from '../lib/steps/outcome/write-public-facts.ts';
import type { RunLog } from '../lib/steps/outcome/run-steps.ts';
import { openRunLog } from '../lib/steps/outcome/run-steps.ts';
import { transactionPaths } from '../lib/transaction/transaction-paths.ts';
import type { Streams } from './run-program.ts';
import { runProgram, standardStreams } from './run-program.ts';
import { BUILT_AT } from './updater-version.ts';

export interface StepEntry {
  step: Receipt['step'];
  summary: string;
  /** How long it waits for another step to end. */
  lockWaitMs: number;
  /** What is done about the holder of the lock, while this step waits for it. */
  whileWaiting?: (deps: StepDeps) => Promise<void>;
  body: (deps: StepDeps) => Promise<StepOutcome>;
  /** How a unit ended; left out by a step that runs before systemd has anything to tell. */
  unitEnding?: (unit: string) => Promise<UnitEnding | null>;
}

/** What its units share; those that are no way back do not start without it. */
const SANDBOX = '/usr/lib/systemd/system/pikit-update-.service.d/10-sandbox.conf';

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
  const root = ownRoot();
  const run = process.env['INVOCATION_ID'] ?? randomUUID();
  const write = journalSocket(process.env);
  const narrate = openLog({ ...streams, toJournal: stdoutIsJournal(), journal: write === null ? null : { write, step: entry.step, run } });
  if (root === '/' && stdoutIsJournal() && process.env['PIKIT_SANDBOX'] === undefined)
    narrate.warning(`this step runs without its sandbox, ignoring: '${SANDBOX}' is missing; install the package again`);
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
  /** There with the lock. */
  let log: RunLog | null = null;
  const channel = progressChannel(
    files,
    { step: entry.step, pid: process.pid, invocation: run, started: now().toISOString() },
    { route: notifyRoute(process.env), now, tell: (progress) => log?.report(progress) },
  );
  const deps: StepDeps = {
    paths,
    place: transactionPaths(paths),
    files,
    log: narrate,
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
    builtAt: root === '/' ? BUILT_AT : null,
    killed: null,
  };
  const isOfRoot = entry.step !== 'check' && entry.step !== 'fetch';
  let isGoingOn = false;
  const isGivenUp = (): boolean => isGoingOn;
  const holder = (): string | null => lockHolder(() => liveProgress({ files, isAlive }));
  let waiting: Promise<void> = Promise.resolve();
  const finish = (end: StepOutcome): number => {
    tell(deps, entry.step, end);
    if (log !== null) {
      recordEnd(deps, { step: entry.step, at: now(), tookMs: tookMs() }, end);
      writePublicFacts(deps, entry.step, end.outcome === 'failed' ? end.failure : null);
      log.ended(end);
    }
    return end.outcome === 'failed' ? (stopped.by ?? exitCodeOf(end.failure.code)) : EXIT.ok;
  };
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
    if (root === '/' && isOfRoot) await takeRootLocks({ own: paths.rootLock, shared: paths.lock, isNetworkAtWork, warn: narrate.warning }, locking);
    else await takeLock(paths.lock, locking);
    await waiting;
    // What a killed update has left running would write to the files that are put back now.
    const left = root === '/' && isOfRoot ? await endHooks() : [];
    for (const unit of left) narrate.warning(`a command of a release was still running in '${unit}': it was ended`);
    if (root === '/' && entry.unitEnding !== undefined) deps.killed = await findKilled(deps, entry.unitEnding);
    recordKilledStep(deps, entry.step);
    log = openRunLog(deps, entry.step, process.pid);
    isGoingOn = true;
    const end = await sureEnd(`the step ${entry.step}`, () =>
      entry.body(deps).finally(() => {
        isGoingOn = false;
      }),
    );
    return finish(end);
  } catch (error) {
    return finish({ outcome: 'failed', failure: toUpdateError(error), recorded: false });
  } finally {
    if (log !== null) channel.close();
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
 * The one place where a result or a failure is logged. What a service wrote is in its own journal, for those who may read that: ours
 * is shown on the dashboard.
 */
function tell(deps: StepDeps, step: Receipt['step'], end: StepOutcome): void {
  const { log } = deps;
  const event = lifecycleEvent(deps, step, end);
  if (end.outcome !== 'failed') {
    log[end.outcome === 'ok' && step !== 'check' ? 'notice' : 'info'](end.message, event);
    if (end.hint !== undefined) log.info(end.hint);
    return;
  }
  const { failure } = end;
  log.error(`${failure.message} [${failure.code}]`, event);
  if (!stdoutIsJournal()) for (const line of failure.lines) log.info(`${failure.subject ?? 'it'} wrote: ${line}`);
  if (failure.hint !== null) log.hint(failure.hint);
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

/** Stable for one device; without /etc/machine-id its name has to do. */
function machineId(root: string): string {
  try {
    return fs.readFileSync(`${root}/etc/machine-id`, 'utf8').trim();
  } catch {
    // Safe to ignore: it only decides when a phased release reaches this device.
    return hostname();
  }
}
