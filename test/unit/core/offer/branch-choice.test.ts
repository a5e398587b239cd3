import { describe, expect, it } from 'vitest';
import type { BranchQuestion } from '../../../../lib/core/offer/branch-choice.ts';
import { branchLabel, decideBranch, removalId } from '../../../../lib/core/offer/branch-choice.ts';
import { parseBranches } from '../../../../lib/core/release/branches.ts';

function listOf(...branches: object[]): BranchQuestion['list'] {
  return parseBranches(Buffer.from(JSON.stringify(branches)));
}

const BETA = listOf({ name: 'beta' });

// What a device does of it, for every combination: test/unit/steps/branch-table.test.ts.
describe('chooseBranch', () => {
  it.each<[string, BranchQuestion, string | null, string, string]>([
    ['stable-needs-no-list', { selected: 'stable', list: null, answer: 'failed' }, 'stable', 'selected', 'stable'],
    ['stable-in-no-list', { selected: 'stable', list: listOf(), answer: 'list' }, 'stable', 'selected', 'stable'],
    ['listed', { selected: 'beta', list: BETA, answer: 'list' }, 'beta', 'selected', 'beta'],
    ['listed-when-last-asked', { selected: 'beta', list: BETA, answer: 'failed' }, 'beta', 'selected', 'beta'],
    ['listed-and-not-asked', { selected: 'beta', list: BETA, answer: 'not-asked' }, 'beta', 'selected', 'beta'],
    ['hidden', { selected: 'beta', list: listOf({ name: 'beta', visible: false }), answer: 'list' }, 'beta', 'selected', 'beta'],
    ['disabled', { selected: 'beta', list: listOf({ name: 'beta', enabled: false }), answer: 'list' }, 'stable', 'disabled', 'beta'],
    [
      'disabled-when-last-asked',
      { selected: 'beta', list: listOf({ name: 'beta', enabled: false }), answer: 'failed' },
      'stable',
      'disabled',
      'beta',
    ],
    ['not-for-linux', { selected: 'beta', list: listOf({ name: 'beta', linux: false }), answer: 'list' }, 'stable', 'removed', 'stable'],
    [
      'for-others-too',
      { selected: 'beta', list: listOf({ name: 'beta', windows: false, macos: false }), answer: 'list' },
      'beta',
      'selected',
      'beta',
    ],
    ['removed', { selected: 'beta', list: listOf({ name: 'nightly' }), answer: 'list' }, 'stable', 'removed', 'stable'],
    ['all-removed', { selected: 'beta', list: listOf(), answer: 'list' }, 'stable', 'removed', 'stable'],
    ['not-in-the-last-list', { selected: 'beta', list: listOf(), answer: 'failed' }, 'stable', 'not-listed', 'beta'],
    ['no-list-any-more', { selected: 'beta', list: BETA, answer: 'none' }, 'beta', 'selected', 'beta'],
    ['never-a-list', { selected: 'beta', list: null, answer: 'none' }, 'stable', 'no-list', 'beta'],
    ['never-asked', { selected: 'beta', list: null, answer: 'not-asked' }, 'stable', 'no-list', 'beta'],
    ['never-reached', { selected: 'beta', list: null, answer: 'failed' }, null, 'not-known', 'beta'],
  ])('%s', (_name, question, used, why, setting) => {
    const choice = decideBranch(question);
    expect(choice).toMatchObject({ selected: question.selected, used, why, setting });
    expect(choice.message === null).toBe(why === 'selected');
    expect(choice.notice).toEqual(why === 'removed' ? { id: removalId('beta'), message: choice.message } : null);
  });
});

describe('branchLabel', () => {
  it.each([
    ['selected', 'beta'],
    ['disabled', 'beta (disabled, using stable)'],
    ['removed', 'stable'],
    ['not-listed', 'beta (not listed, using stable)'],
    ['no-list', 'beta (no list of branches, using stable)'],
    ['not-known', 'beta (not known yet)'],
  ] as const)('%s: %s', (why, label) => {
    expect(branchLabel({ selected: 'beta', why })).toBe(label);
  });
});
