/** One program on one device in this process, as its entry point runs it, and all that it said. */
import { runPikitUpdate } from '../../../lib/cli/cli.ts';
import type { CliDeps } from '../../../lib/cli/deps.ts';
import { sayWarning } from '../../../lib/cli/say.ts';
import { toUpdateError } from '../../../lib/core/errors.ts';
import { readConfig } from '../../../lib/io/config-file.ts';
import { freeSpace } from '../../../lib/io/disk.ts';
import { recordedServices } from '../../../lib/io/services.ts';
import { stateFiles } from '../../../lib/io/state-file.ts';
import { apply } from '../../../lib/steps/apply.ts';
import { check } from '../../../lib/steps/check.ts';
import type { DeviceDeps, StepDeps, StepResult } from '../../../lib/steps/deps.ts';
import { recordFailure, recordResult } from '../../../lib/steps/ended.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { publish } from '../../../lib/steps/publish.ts';
import { RecordedFailure } from '../../../lib/steps/recorded-failure.ts';
import { recoverStep } from '../../../lib/steps/recover.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import { openRunLog } from '../../../lib/steps/run-log.ts';
import { placeOf } from '../../../scripts/run-step.ts';
import type { Device, Said, Step } from '../../helpers/device.ts';
import { NOW, netDeps, rootDeps } from '../../helpers/device.ts';

export type Program = Step | Shown;
type Shown = 'status' | 'plan' | 'history';

export interface Ended {
  /** Null when it did what it is for, or had nothing to do. */
  code: string | null;
  outcome: StepResult['outcome'] | 'failed' | 'shown';
  /** `level: text`, in order; the message it ended with last. */
  said: string[];
}

interface Run {
  deps: StepDeps & Said;
  body: () => Promise<StepResult>;
}

/** Whatever a damaged configuration says: the systemd of the machine that runs the test is none of ours. */
const noted = (on: Device): Partial<DeviceDeps> => ({ services: () => recordedServices(on.paths.serviceActions, () => NOW) });

const RUNS: Readonly<Record<Step, (on: Device) => Run>> = {
  check: (on) => withDeps(netDeps(on), check),
  fetch: (on) => withDeps(netDeps(on), fetchRelease),
  apply: (on) => withDeps(rootDeps(on, noted(on)), apply),
  rollback: (on) => withDeps(rootDeps(on, noted(on)), rollback),
  recover: (on) => withDeps(rootDeps(on), recoverStep),
};

function withDeps<D extends StepDeps & Said>(deps: D, step: (deps: D) => Promise<StepResult>): Run {
  return { deps, body: async () => await step(deps) };
}

export async function run(program: Program, on: Device): Promise<Ended> {
  return isShown(program) ? await show(program, on) : await runStep(program, on);
}

/** Those that only look. */
export function isShown(program: Program): program is Shown {
  return program === 'status' || program === 'plan' || program === 'history';
}

/** What scripts/run-step.ts does around a step, but for lock, progress and signals. */
async function runStep(step: Step, on: Device): Promise<Ended> {
  const { deps, body } = RUNS[step](on);
  const facts = { step, at: NOW, tookMs: deps.tookMs() };
  const log = openRunLog(deps, step, process.pid);
  try {
    const result = await body();
    recordResult(deps, facts, result);
    publish(deps, step, null);
    log.done(result);
    return { code: null, outcome: result.outcome, said: [...deps.said, `result: ${result.message}`] };
  } catch (error) {
    const failure = toUpdateError(error);
    if (!(failure instanceof RecordedFailure)) recordFailure(deps, facts, failure);
    publish(deps, step, failure);
    log.failed(failure);
    return { code: failure.code, outcome: 'failed', said: [...deps.said, `error: ${failure.message}`] };
  }
}

async function show(command: Shown, on: Device): Promise<Ended> {
  const text = { out: '', err: '' };
  const terminal = { out: (some: string) => (text.out += some), err: (some: string) => (text.err += some), isTerminal: false, columns: () => 80 };
  const deps: CliDeps = {
    version: '0',
    paths: on.paths,
    place: placeOf(on.paths),
    files: stateFiles(on.paths, (message) => {
      sayWarning(terminal, message);
    }),
    terminal,
    now: () => NOW,
    loadConfig: () => readConfig(on.paths.config),
    freeSpace,
    units: () => Promise.reject(new Error('there are no units here')),
    isAlive: (pid) => pid === process.pid,
    terminate: () => undefined,
    journalctl: null,
    signal: new AbortController().signal,
  };
  const exit = await runPikitUpdate([command, '--json'], deps);
  if (exit !== 0) return { code: /"code": "([A-Z_]+)"/.exec(text.out)?.[1] ?? 'NONE', outcome: 'failed', said: text.err.split('\n') };
  const json = text.out;
  // As people see it, too: from the same files, less those that were set aside.
  const isText = (await runPikitUpdate([command], deps)) === 0;
  return { code: isText ? null : 'NONE', outcome: 'shown', said: [...text.err.split('\n'), `result: ${json}`] };
}
