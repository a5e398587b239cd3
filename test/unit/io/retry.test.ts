import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ErrorCode } from '../../../lib/core/errors.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import { pause } from '../../../lib/io/clock.ts';
import { withRetries } from '../../../lib/io/retry.ts';

vi.mock('../../../lib/io/clock.ts');

beforeEach(() => {
  vi.mocked(pause).mockReset();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
});
afterEach(() => {
  vi.restoreAllMocks();
});

function failing(code: ErrorCode, retryAfterMs: number | null = null): UpdateError {
  return new UpdateError(code, 'x', { retryAfterMs });
}

/** Runs attempts that end with these errors, and then with 'done'; returns what happened. */
async function attempts(
  errors: readonly unknown[],
  options: { retries?: number; signal?: AbortSignal } = {},
): Promise<{ result: unknown; numbers: number[]; retried: unknown[]; waits: number[] }> {
  const numbers: number[] = [];
  const retried: unknown[] = [];
  const attempt = (n: number): Promise<string> => {
    numbers.push(n);
    const error = errors[n];
    // What an edge throws need not be an Error.
    return error === undefined ? Promise.resolve('done') : Promise.reject(error instanceof Error ? error : new Error('not an error'));
  };
  const onRetry = (error: unknown, n: number): void => {
    retried.push([error, n]);
  };
  const result: unknown = await withRetries(attempt, { retries: 3, signal: new AbortController().signal, ...options, onRetry }).catch(
    (error: unknown) => error,
  );
  return { result, numbers, retried, waits: vi.mocked(pause).mock.calls.map(([ms]) => ms) };
}

describe('withRetries', () => {
  it('does not try again what worked', async () => {
    expect(await attempts([])).toEqual({ result: 'done', numbers: [0], retried: [], waits: [] });
  });

  it('tries again after a failure of the network, and says so', async () => {
    const [first, second] = [failing('OFFLINE'), failing('SERVER_ERROR')];
    expect(await attempts([first, second])).toEqual({
      result: 'done',
      numbers: [0, 1, 2],
      retried: [
        [first, 1],
        [second, 2],
      ],
      waits: [1000, 2000],
    });
  });

  it('gives up with the last error', async () => {
    const errors = ['OFFLINE', 'SERVER_ERROR', 'TOO_SLOW', 'SERVER_UNREACHABLE', 'OFFLINE'].map((code) =>
      failing(code === 'TOO_SLOW' ? 'TOO_SLOW' : 'SERVER_ERROR'),
    );
    expect(await attempts(errors)).toMatchObject({ result: errors[3], numbers: [0, 1, 2, 3] });
    expect(await attempts(errors, { retries: 0 })).toMatchObject({ result: errors[0], numbers: [0] });
  });

  it.each<ErrorCode>(['DIGEST_MISMATCH', 'TLS_FAILED', 'CLOCK_WRONG', 'NOT_FOUND', 'CANCELLED', 'DEADLINE', 'NO_SPACE'])(
    'does not try again after %s',
    async (code) => {
      const error = failing(code);
      expect(await attempts([error])).toMatchObject({ result: error, numbers: [0], waits: [] });
    },
  );

  it('does not try again after what is not ours', async () => {
    const error = Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    expect(await attempts([error])).toMatchObject({ result: error, numbers: [0] });
  });

  it('does not retry when it was cancelled', async () => {
    const error = failing('OFFLINE');
    expect(await attempts([error], { signal: AbortSignal.abort() })).toMatchObject({ result: error, numbers: [0], retried: [], waits: [] });
  });

  it('ends when it is cancelled during the pause', async () => {
    const cancelled = failing('CANCELLED');
    vi.mocked(pause).mockRejectedValue(cancelled);
    expect(await attempts([failing('OFFLINE')])).toMatchObject({ result: cancelled, numbers: [0] });
  });

  it('doubles its pauses up to half a minute', async () => {
    const errors = Array.from({ length: 10 }, () => failing('OFFLINE'));
    expect((await attempts(errors, { retries: 10 })).waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
  });

  it.each([
    [0, 750],
    [0.999, 1249.5],
  ])('spreads a fleet: random %d', async (random, wait) => {
    vi.spyOn(Math, 'random').mockReturnValue(random);
    expect((await attempts([failing('OFFLINE')])).waits).toEqual([wait]);
  });

  it.each([
    ['nothing-asked', null, [1000]],
    ['at-once', 0, [1000]],
    ['a-while', 5000, [6000]],
    ['half-a-minute', 30_000, [31_000]],
  ])('gives the server the pause it asks for: %s', async (_name, asked, waits) => {
    expect(await attempts([failing('SERVER_ERROR', asked)])).toMatchObject({ result: 'done', waits });
  });

  it('does not wait half a minute again and again', async () => {
    const errors = [failing('SERVER_ERROR', 20_000), failing('SERVER_ERROR', 20_000)];
    expect(await attempts(errors)).toMatchObject({ result: errors[1], numbers: [0, 1], waits: [21_000] });
  });

  it('does not wait for hours', async () => {
    const error = failing('SERVER_ERROR', 30_001);
    expect(await attempts([error])).toMatchObject({ result: error, numbers: [0], waits: [] });
  });
});
