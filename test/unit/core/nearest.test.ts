import { expect, it } from 'vitest';
import { nearest } from '../../../lib/core/nearest.ts';

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
  expect(nearest(typed, WORDS)).toBe(expected);
});
