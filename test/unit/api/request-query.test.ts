import { expect, it } from 'vitest';
import { assertNoSecret, readQuery, splitTarget } from '../../../lib/api/request-query.ts';
import { HistoryQuery, LogsQuery, NoQuery } from '../../../lib/core/http-api/api-requests.ts';

it('divides a target at its first question mark', () => {
  expect(splitTarget('/a?b?c')).toEqual({ path: '/a', query: 'b?c' });
  expect(splitTarget('/a')).toEqual({ path: '/a', query: '' });
});

it('reads numbers and names, and refuses what is wrong, unknown or there twice', () => {
  expect(readQuery('limit=100', HistoryQuery)).toEqual({ limit: 100 });
  expect(readQuery('lines=1000&unit=auto', LogsQuery)).toEqual({ lines: 1000, unit: 'auto' });
  expect(readQuery('', NoQuery)).toEqual({});
  expect(() => readQuery('limit=101', HistoryQuery)).toThrow('\'limit\' is "101": must be a whole number from 1 to 100');
  expect(() => readQuery('limit=1e1', HistoryQuery)).toThrow('whole number');
  expect(() => readQuery('limit=', HistoryQuery)).toThrow('whole number');
  expect(() => readQuery('limit=1&limit=2', HistoryQuery)).toThrow('given twice');
  expect(() => readQuery('a=b', NoQuery)).toThrow("unknown key 'a' (b)");
  expect(() => readQuery('__proto__=b', NoQuery)).toThrow();
});

it('finds a token by the name of its parameter, however that is written', () => {
  for (const query of ['token=x', 'a=b&Access_Token=x', '%74oken=x', 'api-key=x', 'authorization=x']) {
    expect(() => {
      assertNoSecret(query);
    }).toThrow('the address contains a token');
  }
  assertNoSecret('lines=5&cursor=token');
});
