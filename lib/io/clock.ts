import { setTimeout as timer } from 'node:timers/promises';
import { UpdateError } from '../core/errors.ts';

/**
 * A pause between two attempts or two portions of a throttled download: nothing signals their end, so time has to.
 * Not for waiting until something is ready. Throws CANCELLED as soon as the signal says so.
 */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await timer(ms, undefined, { signal });
  } catch (error) {
    throw new UpdateError('CANCELLED', 'cancelled', { cause: error });
  }
}
