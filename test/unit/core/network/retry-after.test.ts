import { describe, expect, it } from 'vitest';
import { retryAfterMs, waitText } from '../../../../lib/core/network/retry-after.ts';

const NOW = Date.parse('2026-11-20T10:00:00Z');
const DAY = 24 * 3600 * 1000;

describe('retryAfterMs', () => {
  it.each([
    ['absent', null, null],
    ['undefined', undefined, null],
    ['empty', '', null],
    ['seconds', '120', 120_000],
    ['with-blanks', ' 7 ', 7000],
    ['zero', '0', 0],
    ['beyond-a-day', '999999', DAY],
    ['beyond-any-number', '9'.repeat(400), DAY],
    ['negative', '-5', null],
    ['fraction', '1.5', null],
    ['hexadecimal', '0x10', null],
    ['words', 'tomorrow', null],
    ['date', 'Fri, 20 Nov 2026 10:05:00 GMT', 300_000],
    ['date-in-the-past', 'Fri, 20 Nov 2020 10:05:00 GMT', 0],
    ['date-far-away', 'Fri, 20 Nov 2099 10:05:00 GMT', DAY],
    ['no-date', 'nonsense GMT', null],
    ['date-without-zone', '2026-11-20 10:05', null],
  ])('reads %s', (_name, header, ms) => {
    expect(retryAfterMs(header, NOW)).toBe(ms);
  });
});

describe('waitText', () => {
  it.each([
    [1, '1 s'],
    [45_000, '45 s'],
    [60_000, '60 s'],
    [60_001, '2 min'],
    [600_000, '10 min'],
    [3_600_000, '60 min'],
    [3_600_001, '2 h'],
    [DAY, '24 h'],
  ])('%i ms is %s', (ms, text) => {
    expect(waitText(ms)).toBe(text);
  });
});
