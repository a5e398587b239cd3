import { describe, expect, it } from 'vitest';
import { keepLink } from '../../../../web/api/keep-link.ts';
import type { Failure } from '../../../../web/api/answers.ts';
import type { Link, Sign } from '../../../../web/api/link.ts';

const failure = (code: string): Failure => ({ code, message: '', hint: null });

/** The links after these signs, each with the seconds before it. */
function links(hasAny: boolean, signs: readonly (readonly [seconds: number, sign: Sign])[]): string[] {
  let now = 0;
  let link: Link = { is: 'connecting' };
  const next = keepLink({ now: () => now, hasAny: () => hasAny, graceMs: () => 30_000 });
  return signs.map(([seconds, sign]) => {
    now += seconds * 1000;
    link = next(link, sign);
    return link.is === 'gone' ? link.failure.code : link.is;
  });
}

describe('with something to show', () => {
  it('what was so is shown as such, until it is too long ago', () => {
    const signs = [
      [0, 'answer'],
      [5, 'doubt'],
      [5, failure('API_GONE')],
      [24, failure('NOT_AN_ANSWER')],
      [1, failure('SLOW')],
      [1, 'doubt'],
      [1, 'answer'],
      [1, failure('SYSTEMD_UNAVAILABLE')],
    ] as const;
    expect(links(true, signs)).toEqual(['live', 'reconnecting', 'reconnecting', 'reconnecting', 'SLOW', 'SLOW', 'live', 'reconnecting']);
  });

  it('what does not pass by itself is told at once', () => {
    expect(
      links(true, [
        [0, 'answer'],
        [1, failure('NOT_ALLOWED')],
        [1, failure('STATE_INVALID')],
      ]),
    ).toEqual(['live', 'NOT_ALLOWED', 'STATE_INVALID']);
  });
});

it('with nothing to show, any reason is told at once, and doubt is none', () => {
  expect(
    links(false, [
      [1, 'doubt'],
      [1, failure('API_GONE')],
      [1, 'doubt'],
    ]),
  ).toEqual(['connecting', 'API_GONE', 'API_GONE']);
});
