/** What the branch chooser offers. */
import type { BranchesAnswer } from '../../lib/core/http-api/api-answers.ts';
import type { Strings } from '../strings/en.ts';
import { plainText } from './text.ts';

export interface BranchOption {
  name: string;
  label: string;
  description: string;
  version: string | null;
  disabled: boolean;
  selected: boolean;
  /** Who may sign its releases; null where that is not known. */
  keys: NonNullable<BranchesAnswer['branches'][number]['keys']> | null;
}

/** The visible ones and the one that is chosen, in the order of the list. A disabled one can be seen, and not be chosen unless it is. */
export function branchOptions({ branches, selected, why }: BranchesAnswer, strings: Strings): BranchOption[] {
  const options = branches
    .filter((branch) => branch.visible || branch.name === selected)
    .map(({ name, display_name: shown, description, enabled, version, keys = null }) => ({
      name,
      label: enabled ? plainText(shown) : strings.branch.using(plainText(shown), strings.branch.disabled),
      description: plainText(description),
      version,
      disabled: !enabled && name !== selected,
      selected: name === selected,
      keys,
    }));
  if (options.some((option) => option.selected)) return options;
  const label = branchLabel({ selected, why }, strings);
  return [...options, { name: selected, label, description: '', version: null, disabled: false, selected: true, keys: null }];
}

/** The branch as people see it: its name, and what is used instead. */
export function branchLabel({ selected, why }: Pick<BranchesAnswer, 'selected' | 'why'>, { branch }: Strings): string {
  if (why === 'not-known') return branch[why](selected);
  return why === 'selected' || why === 'removed' ? selected : branch.using(selected, branch[why]);
}

/** Whether a text can be the name of a branch at all. */
export function isBranchName(name: string): boolean {
  return /^[a-z0-9_]{1,64}$/.test(name);
}
