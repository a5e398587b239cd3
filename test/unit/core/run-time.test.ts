import { describe, expect, it } from 'vitest';
import type { Work } from '../../../lib/core/run-time.ts';
import { percentOfRun, secondsLeft } from '../../../lib/core/run-time.ts';
import type { Medians } from '../../../lib/core/timings.ts';
import type { Progress } from '../../../lib/core/state.ts';
import { NOW, PROGRESS } from '../../helpers/cli-device.ts';

const NEVER: Medians = { check: null, fetch: null, apply: null, rollback: null, recover: null };
const KNOWN: Medians = { check: 1000, fetch: 30_000, apply: 10_000, rollback: 5000, recover: 2000 };
const ago = (seconds: number): string => new Date(NOW.getTime() - seconds * 1000).toISOString();

function running(step: Work['step'], seconds: number, progress: Partial<Progress> | null): Work {
  return { step, is: 'running', started: ago(seconds), progress: progress === null ? null : { ...PROGRESS, step, ...progress } };
}
const over = (step: Work['step']): Work => ({ step, is: 'over', started: ago(60), progress: null });
const ahead = (step: Work['step']): Work => ({ step, is: 'ahead', started: null, progress: null });

describe('percentOfRun', () => {
  it.each([
    ['nothing yet', [running('fetch', 100, null), ahead('apply')], 0],
    ['half of the download', [running('fetch', 1, { percent: 50 }), ahead('apply')], 33],
    ['all of it', [running('fetch', 1, { percent: 100 }), ahead('apply')], 67],
    ['unpacking', [running('fetch', 1, { phase: 'unpacking', percent: 0 }), ahead('apply')], 67],
    ['downloaded', [over('fetch'), running('apply', 0, { phase: 'verifying' })], 75],
    ['half of an apply', [over('fetch'), running('apply', 5, { phase: 'installing' })], 87],
    ['an apply that takes longer than ever', [over('fetch'), running('apply', 900, { phase: 'checking-health' })], 99],
    ['a check that takes longer than ever', [running('check', 900, { phase: 'checking' })], 95],
    ['everything but its end', [over('fetch'), over('apply')], 99],
  ])('%s', (_name, works, expected) => {
    expect(percentOfRun(works, KNOWN, NOW)).toBe(expected);
  });

  it('grows from phase to phase, however fast they follow each other', () => {
    const phases = ['verifying', 'preparing', 'installing', 'post-install', 'restarting', 'checking-health'];
    for (const seconds of [0, 3, 8, 30]) {
      const percents = phases.map((phase) => percentOfRun([over('fetch'), running('apply', seconds, { phase })], KNOWN, NOW));
      expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    }
  });

  it('is known on a device that never had an update, and while its clock jumps', () => {
    expect(percentOfRun([running('fetch', 1, { percent: 50 }), ahead('apply')], NEVER, NOW)).toBe(32);
    expect(percentOfRun([running('check', -5000, null)], NEVER, NOW)).toBe(0);
  });
});

describe('secondsLeft', () => {
  const download = { bytes: 1_000_000, total_bytes: 3_000_000, rate_bytes_per_s: 100_000 };
  it.each([
    ['by the rate, and what comes after', [running('fetch', 1, download), ahead('apply')], KNOWN, 30],
    ['by the rate, and a guess at what comes after', [running('fetch', 1, download), ahead('apply')], NEVER, 28],
    ['without a rate, by past runs', [running('fetch', 10, { rate_bytes_per_s: null }), ahead('apply')], KNOWN, 30],
    ['with a rate of nothing', [running('fetch', 10, { ...download, rate_bytes_per_s: 0 }), ahead('apply')], KNOWN, 30],
    ['with neither', [running('fetch', 10, { rate_bytes_per_s: null }), ahead('apply')], NEVER, null],
    ['what takes longer than ever', [over('fetch'), running('apply', 900, null)], KNOWN, 1],
    ['before it has begun', [ahead('fetch'), ahead('apply')], KNOWN, 40],
    ['at the end', [over('check')], KNOWN, null],
  ])('%s', (_name, works, medians, expected) => {
    expect(secondsLeft(works, medians, NOW)).toBe(expected);
  });
});
