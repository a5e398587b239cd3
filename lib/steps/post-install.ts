/** What a release asks to be done once its files are in place. Allowed at all only by incompatibility() in core/decide. */
import type { Config } from '../core/device/config.ts';
import { hookPlaces } from '../core/device/hook-places.ts';
import { shellWords } from '../core/command-line/shell-word.ts';
import { UpdateError } from '../core/errors.ts';
import { printable } from '../core/printable.ts';
import type { Manifest } from '../core/release/manifest.ts';
import { devicePathOf } from '../core/release/targets.ts';
import type { CommandEnd } from '../io/process/command-end.ts';
import { onDisk } from '../transaction/transaction-paths.ts';
import type { RanCommand } from '../transaction/types.ts';
import type { RootStepDeps } from './deps.ts';

const SHOWN_LINES = 20;
const SHOWN_CHARACTERS = 500;
const KEPT_CHARACTERS = 16_000;

/**
 * Runs the `run` actions in order, each a file of this very release, with a time limit, and returns the units to restart. What they
 * write last is logged, and is in `ran` for the receipt. Throws POST_INSTALL_FAILED with what the command wrote.
 */
export async function runPostInstall(deps: RootStepDeps, config: Config, manifest: Manifest, ran: RanCommand[]): Promise<string[]> {
  const restart: string[] = [];
  let n = 0;
  for (const action of manifest.post_install) {
    if (action.kind === 'restart') restart.push(action.unit);
    if (action.kind !== 'run') continue;
    n += 1;
    const file = onDisk(deps.place, devicePathOf(action.file, config.target));
    deps.report({ phase: 'post-install' });
    const end = await execute(deps, config, manifest, { n, name: action.file, command: [file, ...action.args] });
    const lines = lastLinesOf(end.output);
    if (end.exitCode !== 0) {
      throw new UpdateError('POST_INSTALL_FAILED', `'${action.file}' of the release ${howOf(end)}`, {
        subject: action.file,
        lines,
        hint: 'report this to the publisher of the releases',
      });
    }
    ran.push({ command: printable(shellWords([action.file, ...action.args])).slice(0, SHOWN_CHARACTERS), lines });
    for (const line of lines) deps.log.info(`'${action.file}' wrote: ${line}`);
    deps.log.info(`ran '${action.file}' of the release`);
  }
  return restart;
}

/** The history has room for so much of an update: of what was written first, nothing is left then. */
export function commandsToKeep(ran: readonly RanCommand[]): RanCommand[] {
  let left = KEPT_CHARACTERS;
  const kept = ran.toReversed().map(({ command, lines }) => {
    const last = lines.toReversed().filter((line) => (left -= line.length) >= 0);
    return { command, lines: last.toReversed() };
  });
  return kept.toReversed();
}

function howOf({ exitCode, signal, why }: CommandEnd): string {
  const how = exitCode === null ? `was ended by ${signal ?? 'a signal'}` : `ended with exit code ${String(exitCode)}`;
  return why === null ? how : `${how}: ${why}`;
}

/** It may write anything: what is no text is left out, and a line has an end. */
function lastLinesOf(output: string): string[] {
  return output
    .split('\n')
    .map((line) => printable(line).trimEnd().slice(0, SHOWN_CHARACTERS))
    .filter((line) => line !== '')
    .slice(-SHOWN_LINES);
}

/** A command that does not end speaks against the release; one that was ended with this step does not. */
async function execute(
  deps: RootStepDeps,
  config: Config,
  manifest: Manifest,
  { n, name, command }: { n: number; name: string; command: readonly string[] },
): Promise<CommandEnd> {
  const { timeout, write } = config.post_install;
  const stopped = (cause?: unknown): UpdateError =>
    new UpdateError('CANCELLED', `the update was stopped while '${name}' of the release was running`, {
      hint: 'you can start it again at any time',
      cause,
    });
  let end: CommandEnd;
  try {
    const places = hookPlaces(config.target, manifest, write);
    end = await deps.execute(config)(command, { n, places, timeoutMs: timeout, signal: deps.signal });
  } catch (error) {
    if (deps.signal.aborted || (error instanceof UpdateError && error.code === 'CANCELLED')) throw stopped(error);
    if (!(error instanceof UpdateError) || (error.code !== 'STEP_FAILED' && error.code !== 'DEADLINE')) throw error;
    const isLate = error.code === 'DEADLINE';
    const what = isLate ? `was still running after ${String(timeout / 1000)} s` : 'cannot be run';
    throw new UpdateError('POST_INSTALL_FAILED', `'${name}' of the release ${what}`, {
      subject: name,
      hint: `report this to the publisher of the releases${isLate ? '; post_install.timeout sets the limit' : ''}`,
      cause: error,
    });
  }
  if (deps.signal.aborted) throw stopped();
  return end;
}
