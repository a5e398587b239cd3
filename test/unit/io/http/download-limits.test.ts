/** How slow and how fast a download may be. The clock is the only thing that is not real here. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import { pause } from '../../../../lib/io/clock.ts';
import { BUNDLE, DONE, downloadBed } from '../../../helpers/download-bed.ts';
import { gate } from '../../../helpers/release-server.ts';

vi.mock('../../../../lib/io/clock.ts');

const bed = downloadBed();
const WINDOW_MS = 30_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  vi.mocked(pause).mockReset();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the slowest rate', () => {
  it.each([
    ['nothing-came', 0, 1],
    ['too-little-came', 5000, 167],
  ])('%s in 30 s', async (_name, bytes, minRate) => {
    bed.server().at('/bundle', {
      body: BUNDLE,
      etag: '"1"',
      after: { bytes, then: 'wait', until: gate().opened, sent: () => setImmediate(() => vi.advanceTimersByTime(WINDOW_MS)) },
    });
    await expect(bed.get({ minRate })).rejects.toMatchObject({
      code: 'TOO_SLOW',
      message: `downloading the bundle was slower than ${String(minRate)} bytes per second for 30 s`,
    });
  });

  it('is kept when just enough came in every 30 s', async () => {
    const enough = gate();
    bed.server().at('/bundle', { body: BUNDLE, after: { bytes: 5000, then: 'wait', until: enough.opened } });
    const onProgress = (bytes: number): void => {
      if (bytes !== 5000) return;
      vi.advanceTimersByTime(WINDOW_MS);
      enough.open();
    };
    expect(await bed.get({ minRate: 166, onProgress })).toEqual({ received: BUNDLE.length, resumed: 0 });
  });

  it('counts from one window to the next, not from the start', async () => {
    bed.server().at('/bundle', { body: BUNDLE, after: { bytes: 100_000, then: 'wait', until: gate().opened } });
    const onProgress = (bytes: number): void => {
      if (bytes === 100_000) vi.advanceTimersByTime(2 * WINDOW_MS);
    };
    await expect(bed.get({ minRate: 166, onProgress })).rejects.toMatchObject({ code: 'TOO_SLOW' });
  });

  it('is not looked at any more when the download is over', async () => {
    bed.server().at('/bundle', { body: BUNDLE });
    await bed.get({ minRate: 1_000_000 });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the fastest rate', () => {
  it('makes it wait until the bytes so far were due', async () => {
    bed.server().at('/bundle', { body: BUNDLE });
    await bed.get({ maxRate: 1000 });
    const waits = vi.mocked(pause).mock.calls.map(([ms]) => ms);
    // No time passes in the pauses here, so the last one is due for all of the 200 s less what the test took.
    expect(Math.max(...waits)).toBeLessThanOrEqual(200_000);
    expect(Math.max(...waits)).toBeGreaterThan(140_000);
    expect(bed.files()).toEqual(DONE);
  });

  it('does not make a slow server wait', async () => {
    bed.server().at('/bundle', { body: BUNDLE });
    await bed.get({ maxRate: 1_000_000_000_000 });
    await bed.get({ maxRate: 0 });
    expect(pause).not.toHaveBeenCalled();
  });

  it('reads nothing while it waits, not even the end of the connection (undici#5360)', async () => {
    bed.server().at('/bundle', { body: BUNDLE, untilClose: true });
    vi.mocked(pause).mockImplementation(async () => {
      for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    });
    expect(await bed.get({ maxRate: 1000 })).toEqual({ received: BUNDLE.length, resumed: 0 });
    expect(pause).toHaveBeenCalled();
    expect(bed.files()).toEqual(DONE);
  });

  it.each(['end', 'reset'] as const)('survives a connection that ends (%s) while it waits', async (then) => {
    bed.server().at('/bundle', { body: BUNDLE, etag: '"1"', after: { bytes: 50_000, then } }, { body: BUNDLE, etag: '"1"' });
    vi.mocked(pause).mockImplementation(async () => {
      for (let turn = 0; turn < 50; turn += 1) await nextTurn();
    });
    await expect(bed.get({ maxRate: 1000 })).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    await bed.get({ maxRate: 1000 });
    expect(bed.files()).toEqual(DONE);
  });

  it('may be below the slowest: waits of ours are not held against the server', async () => {
    bed.server().at('/bundle', { body: BUNDLE });
    vi.mocked(pause).mockImplementation(async () => {
      vi.advanceTimersByTime(WINDOW_MS);
      await nextTurn();
    });
    expect(await bed.get({ maxRate: 10, minRate: 100_000 })).toEqual({ received: BUNDLE.length, resumed: 0 });
  });

  it('can be cancelled while it waits', async () => {
    const cancel = new AbortController();
    bed.server().at('/bundle', { body: BUNDLE, etag: '"1"' });
    vi.mocked(pause).mockImplementation((_ms, signal) => {
      cancel.abort();
      return Promise.reject(new UpdateError('CANCELLED', String(signal.aborted)));
    });
    await expect(bed.get({ maxRate: 10, signal: cancel.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(bed.files()).toHaveProperty(['bundle.partial']);
  });
});
