import { expect, it } from 'vitest';
import { staleness } from '../../../../web/model/stale.ts';

const NOW_MS = Date.parse('2026-11-22T09:00:00.000Z');

function after(days: number, auto: 'off' | 'check' | 'install'): number | 'never' | null {
  const last = new Date(NOW_MS - days * 86_400_000).toISOString();
  return staleness({ last_check: last, settings: { branch: 'stable', auto, time: '04:20', skipped_version: null } }, NOW_MS);
}

it('begins after three days where checks happen by themselves, and after thirty where they do not', () => {
  expect([after(2.9, 'check'), after(3, 'check'), after(3.5, 'install')]).toEqual([null, 3, 3]);
  expect([after(29.9, 'off'), after(30, 'off'), after(40.2, 'off')]).toEqual([null, 30, 40]);
});

it('is not a matter of days where there never was a check, and not of a clock that was set back', () => {
  expect(staleness({ last_check: null, settings: { branch: 'stable', auto: 'off', time: '04:20', skipped_version: null } }, NOW_MS)).toBe('never');
  expect(after(-400, 'check')).toBeNull();
});
