import { expect, it } from 'vitest';
import { bothTimes, localTime, pastTime, relativeTime, durationText } from '../../../lib/cli/times.ts';

const NOW = new Date(2026, 10, 20, 12, 0, 0);

it.each([
  ['now', 0, 'just now'],
  ['seconds', 59, 'just now'],
  ['one-minute', 61, '1 minute ago'],
  ['minutes', 59 * 60, '59 minutes ago'],
  ['hours', 7300, '2 hours ago'],
  ['days', 3 * 86_400 + 5, '3 days ago'],
  ['soon', -5, 'in a moment'],
  ['later', -5 * 3600, 'in 5 hours'],
])('%s', (_name, seconds, expected) => {
  expect(relativeTime(new Date(NOW.getTime() - seconds * 1000), NOW)).toBe(expected);
});

it('writes times as the device has them', () => {
  const at = new Date(2026, 0, 2, 3, 4, 5);
  expect(localTime(at)).toBe('2026-01-02 03:04');
  expect(bothTimes(new Date(2026, 10, 20, 9, 30), NOW)).toBe('2 hours ago (2026-11-20 09:30)');
});

it.each([
  ['long ago', 7300, '2 hours ago (2026-11-20 09:58)'],
  ['now', 0, 'just now (2026-11-20 12:00)'],
  ['a little ahead', -59, 'just now (2026-11-20 12:00)'],
  ['ahead', -3600, '2026-11-20 13:00, which is ahead of the clock of this device'],
])('calls nothing that has happened a thing to come: %s', (_name, seconds, expected) => {
  expect(pastTime(new Date(NOW.getTime() - seconds * 1000), NOW)).toBe(expected);
});

it.each([
  [1, '1 s'],
  [119, '119 s'],
  [120, '2 minutes'],
  [290, '5 minutes'],
])('%i seconds are %s', (seconds, text) => {
  expect(durationText(seconds)).toBe(text);
});
