import { describe, expect, it } from 'vitest';
import { BY_HAND_MAX_MS, KeptWaits, NO_WAITS, noteWait, stillWaiting, waitLeftMs } from '../../../../lib/core/network/kept-waits.ts';

const NOW = Date.parse('2026-11-30T10:00:00Z');
const DAY = 24 * 3_600_000;
const X = 'https://x.org';

describe('what is left of a wait', () => {
  const kept = noteWait(NO_WAITS, X, 3_600_000, NOW);
  it.each([
    ['at-once', X, 0, Infinity, 3_600_000],
    ['later', X, 600_000, Infinity, 3_000_000],
    ['over', X, 3_600_001, Infinity, 0],
    ['of-another-server', 'https://y.org', 0, Infinity, 0],
    ['by-hand', X, 0, BY_HAND_MAX_MS, 900_000],
    ['by-hand-a-quarter-of-an-hour-later', X, 900_000, BY_HAND_MAX_MS, 0],
    ['when-the-clock-went-back', X, -1000, Infinity, 0],
    ['when-the-clock-went-ahead', X, 400 * DAY, Infinity, 0],
  ])('%s', (_name, origin, sinceMs, mostMs, left) => {
    expect(waitLeftMs(kept, origin, NOW + sinceMs, mostMs)).toBe(left);
  });

  it('is a day at most, whatever was asked for', () => {
    expect(waitLeftMs(noteWait(NO_WAITS, X, 400 * DAY, NOW), X, NOW, Infinity)).toBe(DAY);
    expect(KeptWaits.safeParse({ schema: 1, waits: [{ origin: X, asked: '2026-11-30T10:00:00Z', ms: 2 * DAY }] }).success).toBe(false);
  });
});

it('keeps one wait a server, and only those that are not over', () => {
  const two = noteWait(noteWait(NO_WAITS, 'https://y.org', 1000, NOW), X, 5000, NOW + 500);
  expect(two.waits.map(({ origin }) => origin)).toEqual(['https://y.org', X]);
  expect(noteWait(two, X, 9000, NOW + 2000).waits).toEqual([{ origin: X, asked: '2026-11-30T10:00:02.000Z', ms: 9000 }]);
  expect(noteWait(two, X, 0, NOW + 600).waits.map(({ origin }) => origin)).toEqual(['https://y.org']);
});

it('says until when', () => {
  expect(stillWaiting(new URL('https://x.org/m'), 'the manifest', 900_000, NOW)).toMatchObject({
    code: 'SERVER_ERROR',
    message: "'x.org' was not asked for the manifest: it is limiting requests until 2026-11-30 10:15:00 UTC",
    hint: 'the server is limiting requests: try again in 15 min; nothing was changed',
    retryAfterMs: 900_000,
  });
});
