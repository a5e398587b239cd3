import { expect, it } from 'vitest';
import { parseBranches } from '../../../../lib/core/release/branches.ts';
import { assertBranch, branchNotices } from '../../../../lib/release/site/known-branch.ts';

const site = {
  dir: 's',
  branches: parseBranches(Buffer.from('[{"name":"beta"},{"name":"nightly","enabled":false,"linux":false},{"name":"hidden","visible":false}]')),
};

it.each(['stable', 'beta', 'nightly', 'hidden'])('knows %s', (name) => {
  expect(() => {
    assertBranch(site, name);
  }).not.toThrow();
});

it.each([
  ['betta', "did you mean 'beta'? a new branch is added with: pikit-release branch add betta --site s"],
  ['stabel', "did you mean 'stable'? a new branch is added with: pikit-release branch add stabel --site s"],
  ['test_1234', 'a new branch is added with: pikit-release branch add test_1234 --site s'],
])('does not know %s', (name, hint) => {
  expect(() => {
    assertBranch(site, name);
  }).toThrow(expect.objectContaining({ code: 'INPUT_REFUSED', message: `the site has no branch '${name}'`, hint }));
});

it('says what keeps devices from a branch', () => {
  expect([branchNotices(site, 'stable'), branchNotices(site, 'beta'), branchNotices(site, 'hidden')]).toEqual([[], [], []]);
  expect(branchNotices(site, 'nightly')).toEqual([
    "the branch 'nightly' is disabled: its devices stay on stable until it is enabled",
    "the branch 'nightly' is not for linux: devices of this updater do not see it",
  ]);
});
