import { describe, expect, it } from 'vitest';
import { amountText, phaseText, progressBar, progressText } from '../../../lib/cli/progress-line.ts';
import { PROGRESS } from '../../helpers/cli-device.ts';

const NOTHING = { percent: null, bytes: null, total_bytes: null, rate_bytes_per_s: null };

describe('phaseText', () => {
  it.each([
    ['downloading', '1.4.0', 'downloading 1.4.0'],
    ['checking', null, 'looking for a new release'],
    ['going-back', '1.3.0', 'rolling back to 1.3.0'],
    ['going-back', null, 'rolling back'],
    ['a-phase-of-next-year', '2.0.0', 'a phase of next year 2.0.0'],
  ])('%s %s', (phase, version, expected) => {
    expect(phaseText({ phase, version })).toBe(expected);
  });
});

describe('amountText', () => {
  it.each([
    ['all', {}, '45%, 460.8 KiB of 1.0 MiB, 100.0 KiB/s'],
    ['no-total', { percent: null, total_bytes: null }, '460.8 KiB, 100.0 KiB/s'],
    ['nothing', NOTHING, ''],
  ])('%s', (_name, more, expected) => {
    expect(amountText({ ...PROGRESS, ...more })).toBe(expected);
  });
});

it('leaves out what is not known', () => {
  expect(progressText({ ...PROGRESS, ...NOTHING })).toBe('downloading 1.4.0');
  expect(progressText(PROGRESS)).toBe('downloading 1.4.0, 45%, 460.8 KiB of 1.0 MiB, 100.0 KiB/s');
});

describe('progressBar', () => {
  it('draws a bar for what has a measure', () => {
    expect(progressBar(PROGRESS, 100)).toBe('downloading 1.4.0  [###########.............]  45%, 460.8 KiB of 1.0 MiB, 100.0 KiB/s');
    expect(progressBar({ ...PROGRESS, ...NOTHING }, 100)).toBe('downloading 1.4.0');
  });

  it('never fills the last column, and survives nonsense', () => {
    expect(progressBar(PROGRESS, 30)).toHaveLength(29);
    expect(progressBar(PROGRESS, 0)).toBe('');
    expect(progressBar({ ...PROGRESS, percent: 400 }, 100)).toContain(`[${'#'.repeat(24)}]`);
  });
});
