import { UpdateError } from '../core/errors.ts';
import { isTransient } from '../core/network/network-errors.ts';
import { pause } from './clock.ts';

const BASE_MS = 1000;
const CAP_MS = 30_000;

export interface RetryOptions {
  /** Further attempts after the first. */
  retries: number;
  signal: AbortSignal;
  onRetry: (error: unknown, attempt: number) => void;
}

/**
 * Tries again after network errors, 408, 429 and 5xx only, with doubling pauses and jitter, so that a fleet does not come
 * back in step. A server that asks for a longer pause (Retry-After) gets it up to 30 s in all; beyond that the error is thrown at
 * once, and its hint says when to try again. Throws the last error.
 */
export async function withRetries<T>(attempt: (n: number) => Promise<T>, options: RetryOptions): Promise<T> {
  let waited = 0;
  for (let n = 0; ; n += 1) {
    try {
      return await attempt(n);
    } catch (error) {
      if (n >= options.retries || !isTransient(error) || options.signal.aborted) throw error;
      const asked = error instanceof UpdateError ? (error.retryAfterMs ?? 0) : 0;
      if (waited + asked > CAP_MS) throw error;
      waited += asked;
      options.onRetry(error, n + 1);
      await pause(asked + Math.min(CAP_MS, BASE_MS * 2 ** n) * (0.75 + Math.random() / 2), options.signal);
    }
  }
}
