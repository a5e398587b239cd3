import { expect, it } from 'vitest';
import { isDated, isOutdated } from '../../../../web/model/outdated.ts';

const PAGE = '11/20/2026 10:00:00';
const at = (text: string): string => new Date(text).toUTCString();

it.each<[name: string, modified: string | null, date: string | null, outdated: boolean]>([
  ['the same', at(PAGE), at('11/22/2026 10:00:00'), false],
  ['a newer one', at('11/21/2026 10:00:00'), at('11/22/2026 10:00:00'), true],
  ['a newer one, by a server that does not say what time it is', at('11/21/2026 10:00:00'), null, true],
  ['an older one, after going back', at('11/01/2026 10:00:00'), at('11/22/2026 10:00:00'), true],
  ['the same, at an hour that is there twice', at('11/20/2026 11:00:00'), at('11/22/2026 10:00:00'), false],
  ['one that is made at each request', at('11/22/2026 10:00:00'), at('11/22/2026 10:00:01'), false],
  ['one without a date', null, at('11/22/2026 10:00:00'), false],
  ['one with a date that is none', 'yesterday', at('11/22/2026 10:00:00'), false],
])('of a page of which the server has %s', (_name, modified, date, outdated) => {
  expect(isOutdated(PAGE, { modified, date })).toBe(outdated);
});

it('a document without a date of its own has the time of the moment', () => {
  const nowMs = Date.parse('11/22/2026 10:00:00');
  expect(isDated('11/22/2026 10:00:00', nowMs)).toBe(false);
  expect(isDated('11/22/2026 09:59:58', nowMs)).toBe(false);
  expect(isDated(PAGE, nowMs)).toBe(true);
  expect(isDated('', nowMs)).toBe(false);
});
