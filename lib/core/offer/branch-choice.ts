/**
 * Which branch a device follows now. The owner's choice is a name; the list of branches, which the source may change at any
 * time, says what it means (OBS RFC 48):
 *
 *   listed, enabled             that branch
 *   listed, disabled            stable, and the choice is kept: the branch is used again when it is enabled again
 *   not listed, or not for us   stable, the choice becomes stable, and a notice stays until the owner dismisses it
 *
 * Only a list that was received just now can remove a branch. A missing list or a failing server leaves the last good list
 * and the choice alone. An empty list is a list: the last branch can be removed as well as any other, and the notice says so.
 */
import type { Branch } from '../release/branches.ts';
import { STABLE } from '../release/branches.ts';

export interface BranchQuestion {
  /** The owner's choice. */
  selected: string;
  /** The list as it is, or as it was last seen; null when there never was one from this source. */
  list: readonly Branch[] | null;
  /** What the source came up with when it was asked for the list just now: `none` is a plain 404. */
  answer: 'list' | 'none' | 'failed' | 'not-asked';
}

export interface BranchChoice {
  selected: string;
  /** The branch whose release counts; null while it is not known. */
  used: string | null;
  why: 'selected' | 'disabled' | 'removed' | 'not-listed' | 'no-list' | 'not-known';
  /** What the owner's choice becomes: another one only when the branch was removed. */
  setting: string;
  /** Why the device does not simply use what was chosen; null when it does. */
  message: string | null;
  /** What the owner has to hear about, however late. */
  notice: { id: string; message: string } | null;
}

/** Decides, and says why. */
export function decideBranch({ selected, list, answer }: BranchQuestion): BranchChoice {
  if (selected === STABLE) return choice(selected, 'selected', null);
  if (list === null) return answer === 'failed' ? notKnown(selected) : noList(selected);
  const branch = list.find(({ name, linux }) => name === selected && linux);
  if (branch === undefined) return answer === 'list' ? removed(selected) : notListed(selected);
  if (branch.enabled) return choice(selected, 'selected', null);
  return choice(selected, 'disabled', `the branch '${selected}' is disabled: using ${STABLE} until it is enabled again`);
}

function choice(selected: string, why: BranchChoice['why'], message: string | null): BranchChoice {
  return { selected, used: why === 'selected' ? selected : STABLE, why, setting: selected, message, notice: null };
}

function noList(selected: string): BranchChoice {
  return choice(selected, 'no-list', `there is no list of branches here: using ${STABLE}; '${selected}' stays chosen`);
}

function notListed(selected: string): BranchChoice {
  return choice(selected, 'not-listed', `the branch '${selected}' is not in the last known list of branches: using ${STABLE}; it stays chosen`);
}

function notKnown(selected: string): BranchChoice {
  return { ...choice(selected, 'not-known', `it is not known yet whether the branch '${selected}' exists; it stays chosen`), used: null };
}

function removed(selected: string): BranchChoice {
  const message = `the branch '${selected}' was removed: this device now follows ${STABLE}`;
  return { ...choice(selected, 'removed', message), setting: STABLE, notice: { id: removalId(selected), message } };
}

/** The id of the notice that a branch was removed: one for each branch, however often that happens. */
export function removalId(branch: string): string {
  return `branch-removed:${branch}`;
}

/** The branch as people see it: its name, and what is used instead. */
export function branchLabel({ selected, why }: Pick<BranchChoice, 'selected' | 'why'>): string {
  switch (why) {
    case 'selected':
      return selected;
    case 'disabled':
      return `${selected} (disabled, using ${STABLE})`;
    case 'removed':
      return STABLE;
    case 'not-listed':
      return `${selected} (not listed, using ${STABLE})`;
    case 'no-list':
      return `${selected} (no list of branches, using ${STABLE})`;
    case 'not-known':
      return `${selected} (not known yet)`;
    default:
      return why satisfies never;
  }
}
