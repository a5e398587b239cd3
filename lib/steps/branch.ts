/** The branch that a step goes by: as it was last known, or by asking, with all that follows from another answer than before. */
import type { BranchChoice } from '../core/branch-choice.ts';
import { chooseBranch } from '../core/branch-choice.ts';
import { STABLE } from '../core/branches.ts';
import type { Config } from '../core/config.ts';
import { UpdateError, toUpdateError } from '../core/errors.ts';
import type { State } from '../core/state.ts';
import { cachedBranches, requestBranches } from './branch-list.ts';
import type { Asking } from './cached-document.ts';
import type { NetworkDeps, StepDeps } from './deps.ts';
import type { Situation } from './look.ts';
import { dropStaging } from './staging.ts';

/** By the owner's choice and the last good list; asks nobody. */
export function branchAsKnown(deps: StepDeps, config: Config, selected: string): string {
  const list = selected === STABLE ? null : cachedBranches(deps, config);
  return chooseBranch({ selected, list, answer: 'not-asked' }).used ?? STABLE;
}

/**
 * Asks for the list and goes by it: `here` is on the right branch afterwards, nothing of another one is on offer or staged any
 * more, and a branch that was removed has left its notice and is no longer chosen. Returns why the list is only the last known
 * one, if it is. Throws when the chosen branch may or may not be there and nobody can tell; nothing was changed then.
 */
export async function followBranch(deps: NetworkDeps, here: Situation, asking: Asking): Promise<UpdateError | null> {
  const selected = here.settings.branch;
  const { list, answer, failure } = await requestBranches(deps, here.config, selected, asking);
  const choice = chooseBranch({ selected, list, answer });
  if (choice.used === null) throw notKnown(choice, failure);
  // The notice first: cut short in between, the next check finds the choice as it was, and leaves the same notice.
  if (choice.notice !== null) leaveNotice(deps, here, choice.notice);
  if (choice.setting !== selected) changeSetting(deps, here, choice);
  if (choice.message !== null) deps.narrate[choice.why === 'removed' ? 'notice' : 'info'](choice.message);
  enter(deps, here, choice.used);
  return failure;
}

function notKnown({ message, selected }: BranchChoice, failure: UpdateError | null): UpdateError {
  return new UpdateError(failure?.code ?? 'NOT_FOUND', `${message ?? selected}: ${failure?.message ?? 'there is no list of branches'}`, {
    hint: `${failure?.hint ?? 'try again later'}; \`pikit-update branch ${STABLE}\` goes on without it`,
    cause: failure,
    ...(failure?.subject === null || failure === null ? {} : { subject: failure.subject }),
  });
}

function leaveNotice(deps: StepDeps, here: Situation, notice: { id: string; message: string }): void {
  if (here.state.notices.some(({ id }) => id === notice.id)) return;
  write(deps, here, { notices: [...here.state.notices, { ...notice, at: deps.now().toISOString() }] });
}

/** The owner may have chosen again since this run began: that choice stands. */
function changeSetting(deps: StepDeps, here: Situation, { selected, setting }: BranchChoice): void {
  const settings = deps.files.readSettings();
  if (settings.branch !== selected) return;
  here.settings = { ...settings, branch: setting };
  try {
    deps.files.writeSettings(here.settings);
  } catch (error) {
    if (toUpdateError(error).code !== 'PERMISSION') throw error;
    // The settings are root's: noted where this step may write, read together with them, and gone with the owner's next choice.
    write(deps, here, { left_branch: { branch: selected, chosen: deps.files.settingsWritten() } });
  }
}

/** What is known and staged of another branch is of no use any more. */
function enter(deps: StepDeps, here: Situation, branch: string): void {
  here.branch = branch;
  const staged = deps.files.readStaged();
  if (staged !== null && staged.branch !== branch) {
    dropStaging(deps);
    here.state = deps.files.readState();
  }
  if (here.state.branch !== branch) write(deps, here, { branch, latest: null, available: null, staged: deps.files.readStaged() });
}

function write(deps: StepDeps, here: Situation, changes: Partial<State>): void {
  here.state = { ...here.state, ...changes };
  deps.files.writeState(here.state);
}
