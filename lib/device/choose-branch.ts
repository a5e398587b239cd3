/** Following another branch from now on. */
import { branchLabel } from '../core/branch-choice.ts';
import { STABLE } from '../core/branches.ts';
import { UpdateError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { stopStep } from './cancel.ts';
import type { DeviceDeps } from './deps.ts';
import type { KnownBranch } from './known-branches.ts';
import { knownBranches } from './known-branches.ts';
import { runUnit } from './run-unit.ts';
import { runningSteps } from './running.ts';
import { writeSettings } from './settings.ts';
import { failureOf } from './verdict.ts';

/**
 * `same`: it was followed already. `installing`: written down, and looked at when the installation that runs is over.
 * `chosen`: written down, and a check has to follow. `interrupted`: nobody waits any more for whether there is such a branch.
 */
export type Chosen = 'same' | 'installing' | 'chosen' | 'interrupted';

/**
 * Writes the choice down and ends a check or a download that goes by the old one. An installation that runs is left to its
 * end. A disabled branch can be chosen: it is used as soon as it is enabled. Throws BRANCH_UNKNOWN for a name that the source
 * does not have, after having asked it; the choice is as it was then. `choose` writes it down.
 */
export async function chooseBranchNow(
  deps: DeviceDeps,
  branch: string,
  tell: (text: string) => void,
  choose: (branch: string) => void | Promise<void> = (name) => {
    chooseBranch(deps, name);
  },
): Promise<Chosen> {
  if (!isThere(deps, branch) && (await askWhetherThere(deps, branch, tell)) === 'interrupted') return 'interrupted';
  if (deps.files.readSettings().branch === branch) {
    tell(`this device follows ${branchLabel(knownBranches(deps).choice)} already`);
    return 'same';
  }
  await choose(branch);
  tell(`this device follows ${branchLabel(knownBranches(deps).choice)} now`);
  if (await isInstalling(deps)) {
    tell(`an update is being installed: \`pikit-update check\` looks for what is on ${branch} when that is over`);
    return 'installing';
  }
  for (const step of await runningSteps(deps, ['check', 'fetch'])) {
    await stopStep(deps, step);
    tell(step === 'check' ? 'the check that was running was stopped' : 'the download that was running was stopped');
  }
  return 'chosen';
}

/** Writes the choice down, and asks nobody. Throws BRANCH_UNKNOWN for a name that is not in the list that the last check brought. */
export function chooseBranch(deps: DeviceDeps, branch: string): void {
  if (!isThere(deps, branch)) throw unknown(branch, knownBranches(deps).branches);
  writeSettings(deps, { ...deps.files.readSettings(), branch }, 'branch');
}

function isThere(deps: DeviceDeps, branch: string): boolean {
  return branch === STABLE || knownBranches(deps).branches.some(({ name }) => name === branch);
}

/** The branch may be new: a check brings the list. */
async function askWhetherThere(deps: DeviceDeps, branch: string, tell: (text: string) => void): Promise<'there' | 'interrupted'> {
  tell(`asking whether there is a branch '${branch}'`);
  const run = await runUnit(deps, ['check'], () => undefined);
  if (run.is === 'interrupted') return 'interrupted';
  // With the name in the list it does not matter what else went wrong: the next check tells it again, of the new branch.
  if (isThere(deps, branch)) return 'there';
  const failure = failureOf(run);
  throw failure ?? unknown(branch, knownBranches(deps).branches);
}

/** Hidden branches are not given away. */
function unknown(branch: string, branches: readonly KnownBranch[]): UpdateError {
  const names = branches.filter(({ visible }) => visible).map(({ name }) => name);
  const near = nearest(branch, names);
  return new UpdateError('BRANCH_UNKNOWN', `there is no branch '${branch}'`, {
    hint: `${near === null ? '' : `did you mean '${near}'? `}${names.length === 1 ? 'there is only' : 'there are'} ${names.join(', ')}`,
  });
}

async function isInstalling(deps: DeviceDeps): Promise<boolean> {
  return (await runningSteps(deps, ['apply', 'rollback', 'recover'])).length > 0;
}
