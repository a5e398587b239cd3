import { describe, expect, it } from 'vitest';
import { percentOf, statusLine, toProgress } from '../../../../lib/core/run/progress.ts';
import { Progress } from '../../../../lib/core/device/state.ts';

describe('percentOf', () => {
  it.each([
    ['start', 0, 10, 0],
    ['rounded-down', 199, 1000, 19],
    ['never-100-before-the-end', 9999, 10_000, 99],
    ['end', 10, 10, 100],
    ['beyond-the-end', 11, 10, 100],
    ['total-unknown', 5, null, null],
    ['nothing-to-do', 0, 0, null],
  ])('%s', (_name, done, total, percent) => {
    expect(percentOf(done, total)).toBe(percent);
  });
});

describe('toProgress', () => {
  const facts = { step: 'fetch', pid: 7, invocation: 'i', started: '2026-11-20T10:00:00Z' } as const;

  it('is what progress.json may hold, with null for what is not known', () => {
    const progress = toProgress(facts, { phase: 'downloading' }, '2026-11-20T10:00:01Z');
    expect(Progress.parse(progress)).toEqual({
      ...facts,
      phase: 'downloading',
      version: null,
      percent: null,
      bytes: null,
      total_bytes: null,
      rate_bytes_per_s: null,
      can_cancel: false,
      updated: '2026-11-20T10:00:01Z',
    });
  });

  it('has what was reported', () => {
    const report = { phase: 'x', version: '1.0.0', percent: 5, bytes: 1, totalBytes: 20, rateBytesPerS: 3, canCancel: true };
    expect(toProgress(facts, report, '2026-11-20T10:00:01Z')).toMatchObject({
      version: '1.0.0',
      percent: 5,
      bytes: 1,
      total_bytes: 20,
      rate_bytes_per_s: 3,
      can_cancel: true,
    });
  });
});

describe('statusLine', () => {
  it.each([
    [{ phase: 'checking' }, 'checking'],
    [{ phase: 'downloading', version: '1.0.0', percent: 0 }, 'downloading 1.0.0 0%'],
    [{ phase: 'downloading', version: null, percent: null }, 'downloading'],
  ])('%j', (report, line) => {
    expect(statusLine(report)).toBe(line);
  });
});
