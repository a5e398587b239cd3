/** Following another branch from now on. */
import { branchLabel } from '../core/offer/branch-choice.ts';
import { STABLE } from '../core/release/branches.ts';
import { UpdateError } from '../core/errors.ts';
import { closestWord } from '../core/command-line/closest-word.ts';
import { stopStep } from './cancel.ts';
import type { ReaderDeps } from './deps.ts';
import type { KnownBranch } from './known-branches.ts';
import { knownBranches } from './known-branches.ts';
import { runUnit } from './run-unit.ts';
import { runningSteps } from './running.ts';
import { changeSettings } from './settings.ts';
import { failureOf } from './verdict.ts';

/**
 * `same`: it was followed already. `installing`: written down, and looked at when the installation that runs is over.
 * `chosen`: written down, and a check has to follow. `interrupted`: the wait for the answer of the source was interrupted.
 */
export type BranchChangeResult = 'same' | 'installing' | 'chosen' | 'interrupted';

/**
 * Writes the choice down and ends a check or a download that goes by the old one. An installation that runs is left to its
 * end. A disabled branch can be chosen: it is used as soon as it is enabled. Throws BRANCH_UNKNOWN for a name that the source
 * does not have, after having asked it; the choice is as it was then. `choose` writes it down.
 */
export async function chooseBranchNow(
  deps: ReaderDeps,
  branch: string,
  tell: (text: string) => void,
  choose: (branch: string) => Promise<void> = async (name) => {
    await chooseBranch(deps, name);
  },
): Promise<BranchChangeResult> {
  if (!isThere(deps, branch) && (await askWhetherThere(deps, branch, tell)) === 'interrupted') return 'interrupted';
  if (deps.files.readSettings().branch === branch) {
    tell(`this device already follows ${branchLabel(knownBranches(deps).choice)}`);
    return 'same';
  }
  await choose(branch);
  tell(`this device now follows ${branchLabel(knownBranches(deps).choice)}`);
  if (await isInstalling(deps)) {
    tell(`an update is being installed; run \`pikit-update check\` afterwards to look for releases on ${branch}`);
    return 'installing';
  }
  for (const step of await runningSteps(deps, ['check', 'fetch'])) {
    await stopStep(deps, step);
    tell(step === 'check' ? 'the running check was stopped' : 'the running download was stopped');
  }
  return 'chosen';
}

/** Records the choice; makes no request. Throws BRANCH_UNKNOWN for a name that is not in the list that the last check brought. */
export async function chooseBranch(deps: ReaderDeps, branch: string): Promise<void> {
  if (!isThere(deps, branch)) throw unknown(branch, knownBranches(deps).branches);
  await changeSettings(deps, (now) => ({ ...now, branch }), 'branch');
}

function isThere(deps: ReaderDeps, branch: string): boolean {
  return branch === STABLE || knownBranches(deps).branches.some(({ name }) => name === branch);
}

/** The branch may be new: a check brings the list. */
async function askWhetherThere(deps: ReaderDeps, branch: string, tell: (text: string) => void): Promise<'there' | 'interrupted'> {
  tell(`checking whether the branch '${branch}' exists`);
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
  const near = closestWord(branch, names);
  return new UpdateError('BRANCH_UNKNOWN', `there is no branch '${branch}'`, {
    hint: `${near === null ? '' : `did you mean '${near}'? `}available branches: ${names.join(', ')}`,
  });
}

async function isInstalling(deps: ReaderDeps): Promise<boolean> {
  return (await runningSteps(deps, ['apply', 'rollback', 'recover'])).length > 0;
}
