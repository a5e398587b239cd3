import { describe, expect, it } from 'vitest';
import type { AnswerFacts } from '../../../../lib/core/network/validators.ts';
import { keptValidators, mayAskWith } from '../../../../lib/core/network/validators.ts';

const NOW = Date.parse('2026-11-22T10:00:00Z');
const HOUR = 3600_000;
const DAY = 24 * HOUR;
const BASE: AnswerFacts = { etag: '"a1"', lastModified: null, date: new Date(NOW).toUTCString(), size: 0x8a, madeAt: null };
const at = (ms: number): string => new Date(ms).toUTCString();
const hex = (value: number): string => value.toString(16);

describe('what is kept of an answer', () => {
  it.each<[string, Partial<AnswerFacts>, 'week' | 'half a day' | 'nothing']>([
    ['an-etag-alone', {}, 'week'],
    ['no-etag', { etag: null }, 'nothing'],
    ['last-modified-alone', { etag: null, lastModified: at(NOW - DAY) }, 'nothing'],
    ['both', { lastModified: at(NOW - DAY) }, 'week'],
    ['two-seconds-ago', { lastModified: at(NOW - 2000) }, 'week'],
    ['one-second-ago', { lastModified: at(NOW - 1000) }, 'nothing'],
    ['in-this-second', { lastModified: at(NOW) }, 'nothing'],
    ['in-the-future', { lastModified: at(NOW + DAY) }, 'nothing'],
    ['1970', { lastModified: at(1000) }, 'nothing'],
    ['1980', { lastModified: at(Date.UTC(1980, 0, 1)) }, 'nothing'],
    ['1985', { lastModified: at(Date.UTC(1985, 9, 26, 8, 15)) }, 'nothing'],
    ['2010', { lastModified: at(Date.UTC(2010, 0, 1)) }, 'nothing'],
    ['no-time-at-all', { lastModified: 'yesterday' }, 'nothing'],
    ['a-server-without-a-clock', { date: null, lastModified: at(NOW - DAY) }, 'week'],
    ['a-server-without-a-clock-in-this-second', { date: null, lastModified: at(NOW) }, 'nothing'],
    ['a-server-whose-clock-differs', { date: at(NOW - 9 * DAY), lastModified: at(NOW - 9 * DAY - HOUR) }, 'week'],
    ['older-than-releases-are', { lastModified: at(Date.UTC(2025, 0, 1)) }, 'half a day'],
    ['older-than-its-release', { lastModified: at(NOW - 9 * DAY), madeAt: '2026-11-20T10:00:00Z' }, 'half a day'],
    ['as-old-as-its-release', { lastModified: at(NOW - 2 * DAY), madeAt: '2026-11-20T10:00:00Z' }, 'week'],
    ['nginx', { etag: `"${hex((NOW - DAY) / 1000)}-8a"` }, 'week'],
    ['nginx-in-this-second', { etag: `"${hex(NOW / 1000)}-8a"` }, 'nothing'],
    ['nginx-1970', { etag: '"1-8a"' }, 'nothing'],
    ['apache', { etag: `"8a-${hex((NOW - DAY) * 1000)}"` }, 'week'],
    ['apache-1985', { etag: `"8a-${hex(Date.UTC(1985, 9, 26) * 1000)}"` }, 'nothing'],
    ['node-in-this-second', { etag: `W/"8a-${hex(NOW)}"` }, 'nothing'],
    ['something-else-with-a-hyphen', { etag: '"1-2"' }, 'week'],
  ])('%s', (_name, change, expected) => {
    const kept = keptValidators({ ...BASE, ...change }, NOW);
    const until = { week: NOW + 6.5 * DAY, 'half a day': NOW + 12 * HOUR, nothing: NOW }[expected];
    expect(kept).toEqual({
      etag: expected === 'nothing' ? null : (change.etag ?? BASE.etag),
      full_at: new Date(NOW).toISOString(),
      until: new Date(until).toISOString(),
    });
  });
});

describe('what may be asked with', () => {
  const kept = keptValidators(BASE, NOW);

  it.each([
    ['at-once', kept, 0, true],
    ['for-six-days', kept, 6 * DAY, true],
    ['not-for-a-week', kept, 7 * DAY, false],
    ['not-by-a-clock-that-was-set-back', kept, -HOUR, false],
    ['not-without-a-validator', { ...kept, etag: null }, HOUR, false],
    ['not-from-an-earlier-version', { etag: '"a1"', full_at: null, until: null }, HOUR, false],
  ])('%s', (_name, facts, laterMs, expected) => {
    expect(mayAskWith(facts, NOW + laterMs)).toBe(expected);
  });
});
