/** One start of one unit, from the queue to its end: its turn among the other jobs, and the run of its programs. */
import { randomUUID } from 'node:crypto';
import type { Folders } from './local-unit-command.ts';
import { localCommand, localEnvironment } from './local-unit-command.ts';
import type { ProgramExit, RunningProgram } from './local-unit-process.ts';
import { startProgram } from './local-unit-process.ts';
import type { LocalUnit } from './local-unit-settings.ts';
import type { JobResult } from '../systemd/unit-runner.ts';
import { UpdateError } from '../../core/errors.ts';

/** What brought a unit's job about; `unit` is the one that names it. */
export type StartCause = { by: 'start' } | { by: 'timer' | 'Requires' | 'Wants' | 'OnSuccess' | 'OnFailure'; unit: string };

export interface Job {
  unit: LocalUnit;
  cause: StartCause;
  env: Readonly<Record<string, string>>;
  /** The jobs of Requires=. */
  required: Job[];
  /** The job that this one lets go first, while it does. */
  waitsFor: Job | null;
  program: RunningProgram | null;
  /** INVOCATION_ID of its programs, and when its turn had come. */
  invocation: string;
  since: Date | null;
  stopping: boolean;
  /** Ends a wait for other jobs. */
  wake: () => void;
  woken: Promise<void>;
  result: JobResult | null;
  ended: Promise<JobResult>;
}

/** How a run of a unit ended, as systemd's `Result` and `ExecMainStatus` say it. */
export interface RunResult {
  result: 'success' | 'exit-code' | 'signal' | 'timeout';
  exitStatus: number | null;
  signal: NodeJS.Signals | null;
}

export function newJob(unit: LocalUnit, cause: StartCause, env: Readonly<Record<string, string>>): Job {
  let wake = (): void => undefined;
  const woken = new Promise<void>((resolve) => {
    wake = resolve;
  });
  return {
    unit,
    cause,
    env,
    required: [],
    waitsFor: null,
    program: null,
    invocation: randomUUID().replaceAll('-', ''),
    since: null,
    stopping: false,
    wake,
    woken,
    result: null,
    ended: Promise.resolve('done'),
  };
}

/** A function, because others change a job between one look at it and the next. */
function isStopping(job: Job): boolean {
  return job.stopping;
}

/** Resolves when no job is left that this one comes after, or when it is to stop. Throws CONFIG_INVALID when they wait in a circle. */
export async function waitForTurn(job: Job, jobs: ReadonlyMap<string, Job>): Promise<void> {
  while (!job.stopping) {
    const first = [...jobs.values()].find((other) => other !== job && comesAfter(job.unit, other.unit));
    job.waitsFor = first ?? null;
    if (first === undefined) return;
    for (let next: Job | null = first; next !== null; next = next.waitsFor) {
      if (next === job) throw new UpdateError('CONFIG_INVALID', `'${job.unit.name}' and '${first.unit.name}' wait for each other`);
    }
    await Promise.race([first.ended, job.woken]);
  }
}

function comesAfter(unit: LocalUnit, other: LocalUnit): boolean {
  return unit.after.includes(other.name) || other.before.includes(unit.name);
}

/** Runs ExecStart= one after the other until one fails; TimeoutStartSec= holds for all of them together. */
export async function runPrograms(job: Job, folders: Folders, onLine: (line: string) => void): Promise<RunResult> {
  const env = localEnvironment(job.unit, folders.root, { ...job.env, INVOCATION_ID: job.invocation });
  const late = new AbortController();
  const limit = timer(job.unit.startTimeoutMs, () => {
    late.abort();
    terminate(job);
  });
  try {
    for (const command of job.unit.commands) {
      job.program = await startProgram(localCommand(command, folders, job.invocation), { env, cwd: folders.root, onLine });
      if (isStopping(job)) terminate(job);
      const exit = await job.program.exited;
      if (late.signal.aborted) return { result: 'timeout', exitStatus: exit.code, signal: exit.signal };
      if (!isSuccess(exit, job.unit) && !command.mayFail)
        return { result: exit.signal === null ? 'exit-code' : 'signal', exitStatus: exit.code, signal: exit.signal };
      if (isStopping(job)) break;
    }
    return { result: 'success', exitStatus: 0, signal: null };
  } finally {
    job.program = null;
    clearTimeout(limit);
  }
}

/** SIGTERM, and SIGKILL for what is still there after TimeoutStopSec=. */
export function terminate(job: Job): void {
  const { program } = job;
  if (program === null) return;
  program.kill('SIGTERM');
  const limit = timer(job.unit.stopTimeoutMs, () => {
    program.kill('SIGKILL');
  });
  void program.exited.then(() => {
    clearTimeout(limit);
  });
}

function isSuccess(exit: ProgramExit, unit: LocalUnit): boolean {
  return exit.code === 0 || unit.successStatus.has(exit.signal ?? String(exit.code));
}

function timer(ms: number | null, action: () => void): NodeJS.Timeout | undefined {
  return ms === null ? undefined : setTimeout(action, ms);
}
