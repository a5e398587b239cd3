import { expect, it } from 'vitest';
import type { BranchesAnswer } from '../../../../lib/core/http-api/api-answers.ts';
import { isBranchName as isOneInCore } from '../../../../lib/core/release/branches.ts';
import { branchLabel, branchOptions, isBranchName } from '../../../../web/model/branch-options.ts';
import { en } from '../../../../web/strings/en.ts';
import { readMockStates } from '../../../helpers/played.ts';

const { branches } = readMockStates();
const EN = en;

function answer(selected: string, why: BranchesAnswer['why'] = 'selected'): BranchesAnswer {
  return { selected, used: 'stable', why, message: null, notices: [], branches };
}

it('offers the visible ones; what is disabled can be seen, and not be chosen', () => {
  expect(branchOptions(answer('stable'), EN).map(({ name, label, disabled, selected }) => [name, label, disabled, selected])).toEqual([
    ['stable', 'stable', false, true],
    ['beta', 'Beta', false, false],
    ['nightly', 'Nightly 🌙 (disabled, using stable)', true, false],
  ]);
});

it('shows the one that is chosen though it is hidden, disabled, or not there, and lets it be chosen again', () => {
  const chosen = (selected: string, why?: BranchesAnswer['why']) => branchOptions(answer(selected, why), EN).find((option) => option.selected);
  expect(chosen('issue_412')).toMatchObject({ label: 'לבדיקה', disabled: false });
  expect(chosen('nightly', 'disabled')).toMatchObject({ label: 'Nightly 🌙 (disabled, using stable)', disabled: false });
  expect(chosen('lost', 'not-listed')).toEqual({
    name: 'lost',
    label: 'lost (not listed, using stable)',
    description: '',
    version: null,
    keys: null,
    disabled: false,
    selected: true,
  });
});

it('takes nothing from names and descriptions that would turn what is around them', () => {
  const odd = branches.slice(0, 1).map((branch) => ({ ...branch, display_name: '\u202eelbats', description: 'a\u001bb' }));
  const [option] = branchOptions({ ...answer('stable'), branches: odd }, EN);
  expect(option).toMatchObject({ label: 'elbats', description: 'a\u241bb' });
});

it('says which branch is used instead, and why', () => {
  const labels = (['selected', 'disabled', 'removed', 'not-listed', 'no-list', 'not-known'] as const).map((why) =>
    branchLabel({ selected: 'beta', why }, EN),
  );
  expect(labels).toEqual([
    'beta',
    'beta (disabled, using stable)',
    'beta',
    'beta (not listed, using stable)',
    'beta (no list of branches, using stable)',
    'beta (not known yet)',
  ]);
});

it('knows names as the updater does', () => {
  for (const name of ['stable', 'issue_412', 'a'.repeat(64), 'a'.repeat(65), '', 'Beta', 'a-b', '../x', 'ä', 'a\n']) {
    expect(isBranchName(name), name).toBe(isOneInCore(name));
  }
});
