/** The branch that a step goes by: as it was last known, or by asking, with all that follows from another answer than before. */
import type { BranchChoice } from '../../core/offer/branch-choice.ts';
import { decideBranch } from '../../core/offer/branch-choice.ts';
import { STABLE } from '../../core/release/branches.ts';
import { UpdateError, toUpdateError } from '../../core/errors.ts';
import type { Settings, State } from '../../core/device/state.ts';
import { requestBranches } from './branch-list-request.ts';
import type { Asking } from './cached-document.ts';
import type { NetworkDeps, StepDeps } from '../deps.ts';
import type { Situation } from './situation.ts';
import { dropStaging } from '../staging/staging.ts';

export interface Followed {
  here: Situation;
  /** Why the list is only the last known one, if it is. */
  failure: UpdateError | null;
}

/**
 * Asks for the list and goes by it: what is returned is on the right branch, nothing of another one is on offer or staged any
 * more, and a branch that was removed has left its notice and is no longer chosen. Throws when the chosen branch may or may not be
 * there and no list tells which; nothing was changed then.
 */
export async function followBranch(deps: NetworkDeps, before: Situation, asking: Asking): Promise<Followed> {
  const selected = before.settings.branch;
  const { list, answer, failure } = await requestBranches(deps, before.config, selected, asking);
  const choice = decideBranch({ selected, list, answer });
  if (choice.used === null) throw notKnown(choice, failure);
  // The notice first: after an interruption in between, the next check finds the choice as it was, and leaves the same notice.
  const noticed = choice.notice === null ? before : leaveNotice(deps, before, choice.notice);
  const chosen = choice.setting === selected ? noticed : await changeSetting(deps, noticed, choice);
  if (choice.why === 'removed') deps.log.notice(choice.message ?? '', { is: 'branch-left', branch: selected });
  else if (choice.message !== null) deps.log.info(choice.message);
  return { here: switchTo(deps, chosen, choice.used), failure };
}

function notKnown({ message, selected }: BranchChoice, failure: UpdateError | null): UpdateError {
  return new UpdateError(failure?.code ?? 'NOT_FOUND', `${message ?? selected}: ${failure?.message ?? 'there is no list of branches'}`, {
    hint: `${failure?.hint ?? 'try again later'}; \`pikit-update branch ${STABLE}\` follows stable instead`,
    cause: failure,
    ...(failure?.subject === null || failure === null ? {} : { subject: failure.subject }),
  });
}

function leaveNotice(deps: StepDeps, here: Situation, notice: { id: string; message: string }): Situation {
  if (here.state.notices.some(({ id }) => id === notice.id)) return here;
  return write(deps, here, { notices: [...here.state.notices, { ...notice, at: deps.now().toISOString() }] });
}

/** The owner may have chosen again since this run began: that choice stands. */
async function changeSetting(deps: StepDeps, here: Situation, { selected, setting }: BranchChoice): Promise<Situation> {
  const changed = (now: Settings): Settings => (now.branch === selected ? { ...now, branch: setting } : now);
  const known = deps.files.readSettings();
  if (known.branch !== selected) return here;
  try {
    const { after } = await deps.files.changeSettings(changed, deps.signal);
    return after.branch === setting ? { ...here, settings: after } : here;
  } catch (error) {
    if (toUpdateError(error).code !== 'PERMISSION') throw error;
    // The settings are root's: noted where this step may write, read together with them, and gone with the owner's next choice.
    return write(deps, { ...here, settings: changed(known) }, { left_branch: { branch: selected, chosen: deps.files.settingsWritten() } });
  }
}

/** What is known and staged of another branch is of no use any more. */
function switchTo(deps: StepDeps, here: Situation, branch: string): Situation {
  const staged = deps.files.readStaged();
  const isStale = staged !== null && staged.branch !== branch;
  if (isStale) dropStaging(deps);
  const there = { ...here, branch, ...(isStale ? { state: deps.files.readState() } : {}) };
  if (there.state.branch === branch) return there;
  return write(deps, there, { branch, latest: null, available: null, staged: deps.files.readStaged() });
}

function write(deps: StepDeps, here: Situation, changes: Partial<State>): Situation {
  const state = { ...here.state, ...changes };
  deps.files.writeState(state);
  return { ...here, state };
}
