import { expect, it } from 'vitest';
import { Run } from '../../../../lib/core/run/run.ts';

const RUN: Run = {
  id: 'a',
  kind: 'update',
  by: 'timer',
  state: 'running',
  started: '2026-11-20T10:00:00.000Z',
  ended: null,
  steps: [{ step: 'fetch', state: 'running', started: '2026-11-20T10:00:00.000Z', ended: null, outcome: null }],
  phase: 'downloading',
  version: '1.4.0',
  percent: 45,
  bytes: 45,
  total_bytes: 100,
  rate_bytes_per_s: 10,
  seconds_left: 6,
  can_cancel: true,
  outcome: null,
  code: null,
  message: null,
  hint: null,
};

it('is whole, or not at all', () => {
  expect(Run.parse(RUN)).toEqual(RUN);
});

it.each([
  ['an unknown key', { more: 1 }],
  ['more than all of it', { percent: 101 }],
  ['a part of a percent', { percent: 4.5 }],
  ['less than no time', { seconds_left: -1 }],
  ['a state of next year', { state: 'paused' }],
  ['a time that is none', { started: 'today' }],
])('is refused with %s', (_name, more) => {
  expect(Run.safeParse({ ...RUN, ...more }).success).toBe(false);
});
