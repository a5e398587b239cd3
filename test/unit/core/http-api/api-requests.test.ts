import { expect, it } from 'vitest';
import {
  ApplyBody,
  AutoBody,
  BranchBody,
  DismissBody,
  HistoryQuery,
  LogsQuery,
  NoBody,
  SkipBody,
} from '../../../../lib/core/http-api/api-requests.ts';

it('takes what is meant', () => {
  expect(ApplyBody.parse({})).toEqual({});
  expect(ApplyBody.parse({ version: '1.2.3-rc.1' })).toEqual({ version: '1.2.3-rc.1' });
  expect(AutoBody.parse({ time: '23:59' })).toEqual({ time: '23:59' });
  expect(SkipBody.parse({ version: null })).toEqual({ version: null });
  expect(HistoryQuery.parse({ limit: '7' })).toEqual({ limit: 7 });
});

it.each([
  ['a key more', NoBody, { force: true }],
  ['a version that is none', ApplyBody, { version: 'latest' }],
  ['a default instead of nothing', AutoBody, { auto: null }],
  ['a time that is none', AutoBody, { time: '24:00' }],
  ['a branch that is a path', BranchBody, { name: '../x' }],
  ['no version at all', SkipBody, {}],
  ['an empty id', DismissBody, { id: '' }],
  ['a number that is too large', HistoryQuery, { limit: '101' }],
  ['a number in another notation', LogsQuery, { lines: '0x10' }],
  ['a unit that is not ours', LogsQuery, { unit: 'nginx' }],
  ['a cursor with a blank', LogsQuery, { cursor: 's=1 --all' }],
])('refuses %s', (_what, schema, value) => {
  expect(schema.safeParse(value).success).toBe(false);
});
