/** From an address to the answer for it: the one rule for redirects, for servers that want to be left alone, and for what failures mean. */
import type { Readable } from 'node:stream';
import type { UpdateError } from '../../core/errors.ts';
import type { NetworkZone } from '../../core/network/local-address.ts';
import { networkError, redirectTarget, statusError } from '../../core/network/network-errors.ts';
import { retryAfterMs } from '../../core/network/retry-after.ts';
import type { AnswerHead, ServerAnswer } from './request.ts';
import { discard } from './request.ts';
import type { Wire } from './wire.ts';

/** An answer, and how near the address is that gave it. */
export interface Hop {
  answer: ServerAnswer;
  near: NetworkZone;
}

export interface Way<T> {
  /** Sends the request to one address, if that is not nearer than `nearest`. `isOwn` is the origin that the owner named. */
  ask: (at: URL, nearest: NetworkZone, isOwn: boolean) => Promise<Hop>;
  /** Makes something of the answer that is no redirect, or throws what it means: then the answer is ended. */
  take: (answer: ServerAnswer, at: URL) => T | Promise<T>;
}

/**
 * Asks, and follows at most three redirects, none to an address that is nearer to this device than what redirects. Throws
 * REDIRECT_REFUSED, network and proxy codes, what `take` throws, and SERVER_ERROR without a request while a server wants to be left alone.
 */
export async function follow<T>(url: URL, what: string, { waits }: Wire, { ask, take }: Way<T>): Promise<T> {
  let at = url;
  let nearest: NetworkZone = 2;
  for (let hops = 0; ; hops += 1) {
    waits.assertOver(at, what);
    let body: Readable | null = null;
    try {
      const { answer, near } = await ask(at, nearest, at.origin === url.origin);
      const { status, header } = answer;
      ({ body } = answer);
      const taken = status < 300 || status >= 400 || status === 304 ? { it: await take(answer, at) } : null;
      waits.note(at, null);
      if (taken !== null) return taken.it;
      discard(body);
      at = redirectTarget(at, header('location') ?? undefined, hops, near);
      nearest = near;
    } catch (error) {
      if (body !== null) discard(body);
      waits.note(at, error);
      throw networkError(error, at);
    }
  }
}

/** What an answer means that is not the one hoped for. */
export function answerError({ status, header }: AnswerHead, at: URL, what: string): UpdateError {
  return statusError(status, at, what, retryAfterMs(header('retry-after'), Date.now()));
}
