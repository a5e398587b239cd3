/**
 * The token that TCP asks for; on the unix socket its permissions are the authentication. Compared as digests of one length,
 * in constant time, so that neither the time nor the length of what was sent tells anything. It is never said or written.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { UpdateError } from '../core/errors.ts';
import type { FailedLogins } from './failed-logins.ts';

const BEARER = /^Bearer ([\x21-\x7e]{1,1024})$/;

/** Throws TOKEN_MISSING when this device has none, UNAUTHORIZED, RATE_LIMITED. The right token is let in whatever others have sent. */
export function assertToken(headers: IncomingHttpHeaders, peer: string, expected: string | null, failed: FailedLogins): void {
  if (expected === null) {
    throw new UpdateError('TOKEN_MISSING', 'this device has no API token, so requests over TCP are refused', {
      hint: 'write one of at least 32 characters into /etc/pikit/api-token (root, mode 0600), then: systemctl try-restart pikit-update-api',
    });
  }
  const given = BEARER.exec(headers.authorization ?? '')?.[1];
  if (given !== undefined && timingSafeEqual(digest(given), digest(expected))) return;
  const retryAfterMs = failed.waitMs(peer);
  if (retryAfterMs !== null) throw new UpdateError('RATE_LIMITED', 'too many wrong tokens from this client', { retryAfterMs });
  // Nothing at all is a client that does not know yet that a token is needed, and finds nothing out by it.
  if (headers.authorization !== undefined) failed.add(peer);
  throw new UpdateError('UNAUTHORIZED', given === undefined ? 'this address requires the API token' : 'the API token is wrong', {
    hint: 'send it as `Authorization: Bearer …`; it is in /etc/pikit/api-token',
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
