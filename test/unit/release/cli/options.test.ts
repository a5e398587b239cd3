import { expect, it } from 'vitest';
import { parseBranchName, parsePercent, releaseTime } from '../../../../lib/release/cli/options.ts';
import { matching } from '../../../helpers/matchers.ts';

const now = new Date('2026-11-22T00:00:00Z');

it('gives what is there', () => {
  expect([parseBranchName('--to', 'stable'), parsePercent(undefined), parsePercent('0'), parsePercent('99.5')]).toEqual(['stable', null, 0, 99.5]);
  expect(releaseTime({ env: { SOURCE_DATE_EPOCH: '' }, now })).toBe(now);
  expect(releaseTime({ env: { SOURCE_DATE_EPOCH: '0' }, now })).toEqual(new Date(0));
});

it.each<[string, () => unknown, RegExp]>([
  ['branch-in-capitals', () => parseBranchName('--to', 'Beta'), /^--to 'Beta' is not a valid/],
  ['branch-too-long', () => parseBranchName('--to', 'b'.repeat(65)), /^--to 'b{65}'/],
  ['percent-above', () => parsePercent('100.1'), /^--rollout '100\.1'/],
  ['percent-in-words', () => parsePercent('1e1'), /^--rollout '1e1'/],
  ['time-before-1970', () => releaseTime({ env: { SOURCE_DATE_EPOCH: '-1' }, now }), /^SOURCE_DATE_EPOCH '-1'/],
])('refuses %s', (_name, act, says) => {
  expect(act).toThrow(expect.objectContaining({ code: 'USAGE', message: matching(says) }));
});
