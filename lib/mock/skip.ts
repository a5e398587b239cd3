/** What is on offer, as the choice of the owner to pass a version over makes it. */
import type { StatusAnswer } from '../core/api-answers.ts';

/** The same status with an offer that is `skipped` as long as its version is the one to skip, and `available` again after that. */
export function asChosen(status: StatusAnswer): StatusAnswer {
  const { available, settings } = status;
  if (available === null || (available.outcome !== 'available' && available.outcome !== 'skipped')) return status;
  const { version, downgrade } = available;
  if (settings.skipped_version === version) {
    return { ...status, available: { ...available, outcome: 'skipped', reason: `you chose to skip ${version}` } };
  }
  return { ...status, available: { ...available, outcome: 'available', reason: downgrade ? whyOlder(status) : null } };
}

function whyOlder({ current, branch, installed_branch: from }: StatusAnswer): string {
  return `it is older than ${current ?? 'nothing'}, which is installed${from === null || from === branch ? '' : ` from the branch '${from}'`}`;
}
