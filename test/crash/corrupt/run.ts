/** One program on one device in this process, as its entry point runs it, and all that it said. */
import { runPikitUpdate } from '../../../lib/cli/cli.ts';
import type { CliDeps } from '../../../lib/cli/deps.ts';
import { sayWarning } from '../../../lib/cli/say.ts';
import { toUpdateError } from '../../../lib/core/errors.ts';
import { readConfig } from '../../../lib/io/state/config-file.ts';
import { freeSpace } from '../../../lib/io/disk.ts';
import { recordedServices } from '../../../lib/io/systemd/services.ts';
import { stateFiles } from '../../../lib/io/state/state-files.ts';
import { apply } from '../../../lib/steps/apply.ts';
import { check } from '../../../lib/steps/check.ts';
import type { RootStepDeps, StepDeps, StepOutcome } from '../../../lib/steps/deps.ts';
import { recordEnd } from '../../../lib/steps/outcome/step-result.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { writePublicFacts } from '../../../lib/steps/outcome/write-public-facts.ts';
import { recoverStep } from '../../../lib/steps/recover.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import { openRunLog } from '../../../lib/steps/outcome/run-steps.ts';
import { transactionPaths } from '../../../lib/transaction/transaction-paths.ts';
import type { Device, Said, Step } from '../../helpers/device.ts';
import { NOW, netDeps, rootDeps } from '../../helpers/device.ts';

export type Program = Step | Shown;
type Shown = 'status' | 'plan' | 'history';

export interface Ended {
  /** Null when it did what it is for, or had nothing to do. */
  code: string | null;
  outcome: StepOutcome['outcome'] | 'shown';
  /** `level: text`, in order; the message it ended with last. */
  said: string[];
}

interface Run {
  deps: StepDeps & Said;
  body: () => Promise<StepOutcome>;
}

/** Whatever a damaged configuration says: the systemd of the machine that runs the test is none of ours. */
const noted = (on: Device): Partial<RootStepDeps> => ({ services: () => recordedServices(on.paths.serviceActions, () => NOW) });

const RUNS: Readonly<Record<Step, (on: Device) => Run>> = {
  check: (on) => withDeps(netDeps(on), check),
  fetch: (on) => withDeps(netDeps(on), fetchRelease),
  apply: (on) => withDeps(rootDeps(on, noted(on)), apply),
  rollback: (on) => withDeps(rootDeps(on, noted(on)), rollback),
  recover: (on) => withDeps(rootDeps(on), recoverStep),
};

function withDeps<D extends StepDeps & Said>(deps: D, step: (deps: D) => Promise<StepOutcome>): Run {
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
  const end = await body().catch((error: unknown) => ({ outcome: 'failed' as const, failure: toUpdateError(error), recorded: false }));
  const failure = end.outcome === 'failed' ? end.failure : null;
  recordEnd(deps, facts, end);
  writePublicFacts(deps, step, failure);
  log.ended(end);
  const told = end.outcome === 'failed' ? `error: ${end.failure.message}` : `result: ${end.message}`;
  return { code: failure?.code ?? null, outcome: end.outcome, said: [...deps.said, told] };
}

async function show(command: Shown, on: Device): Promise<Ended> {
  const text = { out: '', err: '' };
  const terminal = { out: (some: string) => (text.out += some), err: (some: string) => (text.err += some), isTerminal: false, columns: () => 80 };
  const deps: CliDeps = {
    version: '0',
    paths: on.paths,
    place: transactionPaths(on.paths),
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
    ask: null,
    readInput: () => Promise.reject(new Error('nothing is read')),
    requestRoot: () => Promise.reject(new Error('there is no source')),
    signal: new AbortController().signal,
  };
  const exit = await runPikitUpdate([command, '--json'], deps);
  if (exit !== 0) return { code: /"code": "([A-Z_]+)"/.exec(text.out)?.[1] ?? 'NONE', outcome: 'failed', said: text.err.split('\n') };
  const json = text.out;
  // As people see it, too: from the same files, less those that were set aside.
  const isText = (await runPikitUpdate([command], deps)) === 0;
  return { code: isText ? null : 'NONE', outcome: 'shown', said: [...text.err.split('\n'), `result: ${json}`] };
}
