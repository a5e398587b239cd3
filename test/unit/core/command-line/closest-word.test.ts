import { expect, it } from 'vitest';
import { closestWord } from '../../../../lib/core/command-line/closest-word.ts';

const WORDS = ['status', 'apply', 'logs', 'off'];

it.each([
  ['swapped', 'stauts', 'status'],
  ['left-out', 'aply', 'apply'],
  ['added', 'logss', 'logs'],
  ['two-in-a-long-word', 'sttus', 'status'],
  ['two-in-a-short-word', 'lgo', null],
  ['another-word', 'upgrade', null],
  ['short-and-wrong', 'foo', null],
  ['nothing', '', null],
])('%s', (_name, typed, expected) => {
  expect(closestWord(typed, WORDS)).toBe(expected);
});
