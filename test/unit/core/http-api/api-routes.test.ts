import { expect, it } from 'vitest';
import type { Route } from '../../../../lib/core/http-api/api-routes.ts';
import { ROUTES } from '../../../../lib/core/http-api/api-routes.ts';

const ALL = Object.values<Route>(ROUTES);

it('has every path once for each method, in letters that need no decoding', () => {
  const names = ALL.map(({ method, path }) => `${method} ${path}`);
  expect(new Set(names).size).toBe(names.length);
  for (const { path } of ALL) expect(path).toMatch(/^[a-z/.]+$/);
});

it('gives every POST a body, and no GET', () => {
  for (const { method, body } of ALL) expect(body !== null).toBe(method === 'POST');
});

it('says of every route how it refuses', () => {
  for (const { answers, body } of ALL) {
    const refusals = [400, 401, 403, 429, 503, ...(body === null ? [] : [413, 415])];
    expect(Object.keys(answers).map(Number)).toEqual(expect.arrayContaining(refusals));
    expect(answers[500]).toBeUndefined();
  }
});
