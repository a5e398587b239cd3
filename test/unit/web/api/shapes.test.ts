import { expect, it } from 'vitest';
import { failureIn, has, isLogLine, isStatus, memberOf, parseJson } from '../../../../web/api/shapes.ts';
import { readMockStates } from '../../../helpers/played.ts';

const STATES = readMockStates();

it('knows every state of the mock', () => {
  for (const { name } of STATES.list) expect(isStatus(JSON.parse(JSON.stringify(STATES.state(name)))), name).toBe(true);
});

it('knows an answer by a member', () => {
  expect([{ plan: null }, { plan: 1 }, {}, null, 'plan', undefined].map((value) => has<{ plan: unknown }>(value, 'plan'))).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
  expect([memberOf({ a: 1 }, 'a'), memberOf([], 'a'), memberOf(null, 'a')]).toEqual([1, undefined, undefined]);
});

it.each([undefined, null, 1, 'status', [], {}, { branch: 'stable' }, { error: { code: 'X', message: 'x', hint: null } }])(
  'knows that %j is no status',
  (value) => {
    expect(isStatus(value)).toBe(false);
  },
);

it.each(['settings', 'following', 'rollback', 'held', 'notices', 'drift', 'available', 'staged', 'last_result', 'run'] as const)(
  'misses a status without %s, or with something else there',
  (name) => {
    const status = STATES.state('up-to-date');
    expect([isStatus({ ...status, [name]: undefined }), isStatus({ ...status, [name]: 'x' })]).toEqual([false, false]);
  },
);

it('passes what a later version adds', () => {
  expect(isStatus({ ...STATES.state('up-to-date'), weather: 'fine' })).toBe(true);
});

it('reads JSON, and nothing else', () => {
  expect([parseJson('{"a":1}'), parseJson('<html>'), parseJson('')]).toEqual([{ a: 1 }, undefined, undefined]);
});

it('knows lines of the journal, and failures', () => {
  expect(isLogLine({ cursor: 'c', time: 't', unit: 'u', priority: 6, message: 'm' })).toBe(true);
  expect(isLogLine({ cursor: 'c', time: 't', unit: 'u', priority: 6, message: null })).toBe(false);
  const failure = { code: 'BUSY', message: 'busy', hint: null };
  expect(failureIn({ error: failure })).toEqual(failure);
  expect(failureIn({ error: { code: 'BUSY', message: 'busy' } })).toEqual(failure);
  for (const value of [null, 'x', {}, { error: 'busy' }, { error: { code: 'BUSY' } }, { error: { code: 1, message: 'x', hint: null } }]) {
    expect(failureIn(value)).toBeNull();
  }
});
