/**
 * The token that TCP asks for; on the unix socket its permissions are the authentication. Compared as digests of one length,
 * in constant time, so that neither the time nor the length of what was sent tells anything. It is never said or written.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { UpdateError } from '../core/errors.ts';
import type { Caller, FailedLogins } from './failed-logins.ts';

const BEARER = /^Bearer ([\x21-\x7e]{1,1024})$/;
const LOOPBACK = /^(?:127\.|::1$|::ffff:127\.)/;

/** Throws TOKEN_MISSING when this device has none, RATE_LIMITED, UNAUTHORIZED. */
export function assertToken(headers: IncomingHttpHeaders, caller: Caller, expected: string | null, failed: FailedLogins): void {
  if (expected === null) {
    throw new UpdateError('TOKEN_MISSING', 'there is no token on this device, so nobody may ask over TCP', {
      hint: 'write one of at least 32 characters into /etc/pikit/api-token (root, mode 0600), then: systemctl try-restart pikit-update-api',
    });
  }
  // Also with the right token: it may have been found by trying.
  const retryAfterMs = failed.waitMs(caller);
  if (retryAfterMs !== null) throw new UpdateError('RATE_LIMITED', 'too many wrong tokens from this client', { retryAfterMs });
  const given = BEARER.exec(headers.authorization ?? '')?.[1];
  if (given !== undefined && timingSafeEqual(digest(given), digest(expected))) return;
  // Nothing at all is a client that does not know yet that a token is needed, and finds nothing out by it.
  if (headers.authorization !== undefined) failed.add(caller);
  throw new UpdateError('UNAUTHORIZED', given === undefined ? 'a token is needed here' : 'the token is not the one of this device', {
    hint: 'send it as `Authorization: Bearer …`; it is in /etc/pikit/api-token',
  });
}

/** Whoever connects; behind a proxy on this device, whom the proxy has seen: the last entry is the proxy's own. */
export function callerOf(peer: string | undefined, forwarded: string | string[] | undefined): Caller {
  if (peer === undefined || !LOOPBACK.test(peer)) return { peer: peer ?? '', client: peer ?? '' };
  const last = (Array.isArray(forwarded) ? forwarded.join(',') : (forwarded ?? '')).split(',').at(-1)?.trim().slice(0, 64);
  return { peer, client: last === undefined || last === '' ? peer : last };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
