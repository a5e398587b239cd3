import { expect, it } from 'vitest';
import { assertOwnOrigin } from '../../../lib/api/origin-guard.ts';
import { UpdateError } from '../../../lib/core/errors.ts';

it.each([
  ['a program, which sends neither', 'POST', {}, true],
  ['our page', 'POST', { origin: 'http://pikit:8080', 'sec-fetch-site': 'same-origin' }, true],
  ['our page behind TLS', 'POST', { origin: 'https://pikit:8080' }, true],
  ['an address typed in', 'GET', { 'sec-fetch-site': 'none' }, true],
  ['a post that nobody typed in', 'POST', { 'sec-fetch-site': 'none' }, false],
  ['another port', 'POST', { origin: 'http://pikit' }, false],
  ['a sandboxed frame', 'GET', { origin: 'null' }, false],
  ['a neighbour', 'GET', { 'sec-fetch-site': 'same-site' }, false],
  ['a stranger', 'GET', { 'sec-fetch-site': 'cross-site' }, false],
  ['our origin, in a request that the browser calls foreign', 'POST', { origin: 'http://pikit:8080', 'sec-fetch-site': 'cross-site' }, false],
])('%s', (_who, method, headers, allowed) => {
  const ask = (): void => {
    assertOwnOrigin(method, headers, 'Pikit:8080');
  };
  if (allowed) ask();
  else expect(ask).toThrow(UpdateError);
});
