/** `pikit-update branch NAME`: follow another branch from now on. */
import { branchLabel } from '../core/branch-choice.ts';
import { STABLE } from '../core/branches.ts';
import { UpdateError } from '../core/errors.ts';
import { stopStep } from './cancel.ts';
import type { CliDeps, Done } from './deps.ts';
import { EXIT } from './exit-codes.ts';
import type { KnownBranch } from './known-branches.ts';
import { knownBranches } from './known-branches.ts';
import { nearest } from '../core/nearest.ts';
import { noView } from './progress-view.ts';
import { runAndTell } from './run-command.ts';
import { runUnit, sayItGoesOn } from './run-unit.ts';
import { runningSteps } from './running.ts';
import { sayHint, sayLine } from './say.ts';
import { writeSettings } from './settings.ts';
import { failureOf } from './verdict.ts';

/**
 * Writes the choice down, ends a check or a download that goes by the old one, and checks. An installation that runs is left
 * to its end. A disabled branch can be chosen: it is used as soon as it is enabled. Throws BRANCH_UNKNOWN for a name that the
 * source does not have; the choice is as it was then.
 */
export async function chooseCommand(deps: CliDeps, { json, branch }: { json: boolean; branch: string }): Promise<Done> {
  const tell = (text: string): void => {
    if (!json) sayLine(deps.terminal, text);
  };
  if (!isThere(deps, branch)) {
    const goesOn = await assertThereNow(deps, branch, tell);
    if (goesOn !== null) return goesOn;
  }
  const settings = deps.files.readSettings();
  if (settings.branch === branch) {
    tell(`this device follows ${branchLabel(knownBranches(deps).choice)} already`);
    return { exit: EXIT.ok, json: { ...following(deps), result: null } };
  }
  writeSettings(deps, { ...settings, branch }, 'branch');
  tell(`this device follows ${branchLabel(knownBranches(deps).choice)} now`);
  if (await isInstalling(deps)) {
    tell(`an update is being installed: \`pikit-update check\` looks for what is on ${branch} when that is over`);
    return { exit: EXIT.ok, json: { ...following(deps), result: null } };
  }
  for (const step of await runningSteps(deps, ['check', 'fetch'])) {
    await stopStep(deps, step);
    tell(step === 'check' ? 'the check that was running was stopped' : 'the download that was running was stopped');
  }
  const done = await runAndTell(deps, { steps: ['check'], json, what: 'the check' });
  if (!json && deps.files.readState().available?.outcome === 'available') sayHint(deps.terminal, '`pikit-update apply` installs it');
  const result = typeof done.json === 'object' && done.json !== null ? done.json : {};
  return { exit: done.exit, json: { ...following(deps), ...result, available: deps.files.readState().available } };
}

function isThere(deps: CliDeps, branch: string): boolean {
  return branch === STABLE || knownBranches(deps).branches.some(({ name }) => name === branch);
}

/** The branch may be new: a check brings the list. Returns what is left to say when nobody waits for that. */
async function assertThereNow(deps: CliDeps, branch: string, tell: (text: string) => void): Promise<Done | null> {
  tell(`asking whether there is a branch '${branch}'`);
  const run = await runUnit(deps, ['check'], noView());
  if (run.is === 'interrupted') return { exit: sayItGoesOn(deps, 'the check'), json: { interrupted: true } };
  // With the name in the list it does not matter what else went wrong: the next check tells it again, of the new branch.
  if (isThere(deps, branch)) return null;
  const failure = failureOf(run);
  throw failure ?? unknown(branch, knownBranches(deps).branches);
}

/** Hidden branches are not given away. */
function unknown(branch: string, branches: readonly KnownBranch[]): UpdateError {
  const names = branches.filter(({ visible }) => visible).map(({ name }) => name);
  const near = nearest(branch, names);
  return new UpdateError('BRANCH_UNKNOWN', `there is no branch '${branch}'`, {
    hint: `${near === null ? '' : `did you mean '${near}'? `}there are ${names.join(', ')}`,
  });
}

async function isInstalling(deps: CliDeps): Promise<boolean> {
  return (await runningSteps(deps, ['apply', 'rollback', 'recover'])).length > 0;
}

function following(deps: CliDeps): object {
  const { selected, used, why, message } = knownBranches(deps).choice;
  return { selected, used, why, message };
}
