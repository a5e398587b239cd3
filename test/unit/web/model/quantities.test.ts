import { expect, it } from 'vitest';
import { formatBytes as likeTheCommandLine } from '../../../../lib/core/quantities.ts';
import { CLOCK, DAY, formatAgo, formatBytes, formatDate, formatSeconds } from '../../../../web/model/quantities.ts';

const EN = { lang: 'en' };
const DE = { lang: 'de' };
const NOW_MS = Date.parse('2026-11-22T09:00:00.000Z');

it('writes sizes as the command line does', () => {
  for (const bytes of [0, 812, 1023, 1536, 185_000, 2_411_724, 1_048_524, 5_000_000_000]) {
    expect(formatBytes(bytes, EN)).toBe(likeTheCommandLine(bytes).replace('.0 ', ' '));
  }
  expect([formatBytes(2_411_724, DE), formatBytes(812, DE)]).toEqual(['2,3 MiB', '812 B']);
});

it('writes how long it takes no more exactly than is known', () => {
  expect([0, 3, 17, 54, 55, 61, 5399, 5400, 7300].map((seconds) => formatSeconds(seconds, EN))).toEqual([
    '5 sec',
    '5 sec',
    '20 sec',
    '55 sec',
    '1 min',
    '2 min',
    '90 min',
    '2 hr',
    '3 hr',
  ]);
  expect(formatSeconds(100, DE)).toBe('2 Min.');
});

it('writes how long ago something was, and how soon it is', () => {
  const at = (iso: string): string => formatAgo(iso, NOW_MS, EN);
  expect([
    at('2026-11-22T08:59:40Z'),
    at('2026-11-22T08:58:00Z'),
    at('2026-11-22T04:20:03Z'),
    at('2026-11-21T09:00:00Z'),
    at('2026-10-13T09:00:00Z'),
    at('2026-11-22T11:00:00Z'),
  ]).toEqual(['now', '2 minutes ago', '5 hours ago', 'yesterday', '40 days ago', 'in 2 hours']);
  expect(formatAgo('2026-11-22T08:58:00Z', NOW_MS, DE)).toBe('vor 2 Minuten');
});

it('writes dates and times of day as the language has them', () => {
  expect(formatDate('2026-11-20T12:00:00Z', EN, DAY)).toBe('Nov 20, 2026');
  expect(formatDate('2026-11-20T12:00:00Z', DE, DAY)).toBe('20.11.2026');
  expect(formatDate('2026-11-20T12:00:00Z', DE)).toMatch(/^20\.11\.2026, \d\d:\d\d$/);
  expect(formatDate('2026-11-20T12:00:07Z', DE, CLOCK)).toMatch(/^\d\d:\d\d:07$/);
});

it('shows what is no time as it is', () => {
  expect([formatAgo('soon', NOW_MS, EN), formatDate('soon', EN), formatDate('', EN, CLOCK)]).toEqual(['soon', 'soon', '']);
});
