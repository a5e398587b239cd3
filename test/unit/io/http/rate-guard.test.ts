import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { pause } from '../../../../lib/io/clock.ts';
import { RateGuard } from '../../../../lib/io/http/rate-guard.ts';

vi.mock('../../../../lib/io/clock.ts');

const signal = new AbortController().signal;
const WINDOW_MS = 30_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
  vi.mocked(pause).mockReset();
  vi.mocked(pause).mockImplementation((ms) => {
    vi.advanceTimersByTime(ms);
    return Promise.resolve();
  });
});
afterEach(() => {
  vi.useRealTimers();
});

/** What a valve was told. */
function valve(): { told: string[]; shut: () => void; open: () => void } {
  const told: string[] = [];
  return { told, shut: () => told.push('shut'), open: () => told.push('open') };
}

describe('tooSlow', () => {
  it.each([
    ['nothing', 0, 10, true],
    ['one-byte-short', 299, 10, true],
    ['just-enough', 300, 10, false],
    ['no-minimum', 0, 0, false],
  ])('%s', (_name, bytes, minRate, slow) => {
    const guard = new RateGuard(minRate, 0);
    guard.count(bytes);
    vi.advanceTimersByTime(WINDOW_MS - 1);
    expect(guard.tooSlow.aborted).toBe(false);
    vi.advanceTimersByTime(1);
    expect(guard.tooSlow.aborted).toBe(slow);
    guard.stop();
  });

  it('looks at each window by itself', () => {
    const guard = new RateGuard(10, 0);
    guard.count(1_000_000);
    vi.advanceTimersByTime(WINDOW_MS);
    expect(guard.tooSlow.aborted).toBe(false);
    vi.advanceTimersByTime(WINDOW_MS);
    expect(guard.tooSlow.aborted).toBe(true);
  });

  it('looks no more when it was stopped', () => {
    const guard = new RateGuard(10, 0);
    guard.stop();
    vi.advanceTimersByTime(10 * WINDOW_MS);
    expect(guard.tooSlow.aborted).toBe(false);
  });

  it('leaves out windows in which it made the server wait, and only those', async () => {
    const guard = new RateGuard(1000, 10);
    guard.count(900);
    await guard.throttle(signal, valve());
    expect(pause).toHaveBeenCalledExactlyOnceWith(90_000, signal);
    expect(guard.tooSlow.aborted).toBe(false);
    vi.advanceTimersByTime(2 * WINDOW_MS);
    expect(guard.tooSlow.aborted).toBe(true);
  });
});

describe('throttle', () => {
  it('keeps the average below the fastest rate, and the valve shut meanwhile', async () => {
    const guard = new RateGuard(0, 1000);
    const tap = valve();
    for (let chunk = 0; chunk < 10; chunk += 1) {
      expect(guard.count(500)).toBeGreaterThan(0);
      await guard.throttle(signal, tap);
    }
    expect(performance.now()).toBeGreaterThanOrEqual(5000);
    expect(vi.mocked(pause).mock.calls.map(([ms]) => ms)).toEqual(Array.from({ length: 10 }, () => 500));
    expect(tap.told).toEqual(Array.from({ length: 10 }, () => ['shut', 'open']).flat());
  });

  it.each([
    ['no-maximum', 0],
    ['not-reached', 1_000_000],
  ])('does not wait: %s', async (_name, maxRate) => {
    const guard = new RateGuard(0, maxRate);
    const tap = valve();
    guard.count(5000);
    await guard.throttle(signal, tap);
    expect(pause).not.toHaveBeenCalled();
    expect(tap.told).toEqual([]);
  });
});

describe('count', () => {
  it('returns the average so far in whole bytes per second', () => {
    const guard = new RateGuard(0, 0);
    vi.advanceTimersByTime(2000);
    expect(guard.count(1001)).toBe(501);
    vi.advanceTimersByTime(2000);
    expect(guard.count(1000)).toBe(500);
    guard.stop();
  });

  it('does not divide by nothing', () => {
    expect(new RateGuard(0, 0).count(5)).toBe(5000);
  });
});
