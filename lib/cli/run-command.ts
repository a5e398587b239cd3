/** What check, apply and rollback have in common: run, show progress, say what came of it. */
import { errorJson } from '../core/errors.ts';
import type { Receipt } from '../core/device/state.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT, exitCodeOf } from './exit-codes.ts';
import { noView, progressView } from './progress-view.ts';
import type { UnitRun } from '../device/run-unit.ts';
import { runUnit } from '../device/run-unit.ts';
import type { Step } from '../device/running.ts';
import { sayError, sayItGoesOn, sayLine, sayReceipt } from './say.ts';
import { failureOf } from '../device/verdict.ts';

export interface RunCommand {
  steps: readonly [Step, ...Step[]];
  json: boolean;
  /** What it is called after Ctrl-C: `the update`. */
  what: string;
  /** Called after a success, to say more or to object. */
  after?: (receipt: Receipt | null) => void;
}

export async function runAndTell(deps: CliDeps, command: RunCommand): Promise<Done> {
  const { terminal } = deps;
  const run = await followed(deps, command);
  if (run.is === 'interrupted') return { exit: sayItGoesOn(terminal, command.what), json: { interrupted: true } };
  const failure = failureOf(run);
  if (failure !== null) {
    sayError(terminal, failure);
    return { exit: exitCodeOf(failure.code), json: { result: run.receipt, error: errorJson(failure) } };
  }
  if (!command.json) {
    if (run.receipt === null) sayLine(terminal, `${command.what} finished without a result`);
    else sayReceipt(terminal, run.receipt);
  }
  command.after?.(run.receipt);
  return { exit: EXIT.ok, json: { result: run.receipt } };
}

async function followed(deps: CliDeps, { steps, json }: RunCommand): Promise<UnitRun> {
  const view = json ? noView() : progressView(deps.terminal);
  try {
    return await runUnit(deps, steps, view.show);
  } finally {
    view.end();
  }
}
