/** What the statuses of a Gitea, Forgejo or GitHub API mean for the owner of a device. Pure: the edge hands headers and clock in. */
import { UpdateError } from '../errors.ts';
import type { Repository } from './gitea-address.ts';
import { statusError } from './network-errors.ts';
import { retryAfterMs } from './retry-after.ts';

export interface ApiAnswer {
  status: number;
  header: (name: string) => string | null;
}

/** The page that a server shows instead of anything else where it lets no one in without a login. */
const LOGIN_PAGE = /\/user\/login$/;

/** How long the server wants to be left alone: Retry-After, or the time at which its count of requests begins anew. */
export function rateLimitMs({ header }: ApiAnswer, nowMs: number): number | null {
  const asked = retryAfterMs(header('retry-after'), nowMs);
  if (asked !== null) return asked;
  const reset = header('x-ratelimit-reset') ?? '';
  return /^\d{9,11}$/.test(reset) ? retryAfterMs(String(Math.max(0, Number(reset) - Math.floor(nowMs / 1000))), nowMs) : null;
}

function isRateLimited({ status, header }: ApiAnswer): boolean {
  if (status === 429) return true;
  return status === 403 && (header('x-ratelimit-remaining') === '0' || header('retry-after') !== null);
}

/** The failure for an answer of the API to a device that wanted to read, or null if the answer is none. */
export function readError(answer: ApiAnswer, repository: Repository, asked: { withToken: boolean; nowMs: number }): UpdateError | null {
  const { status } = answer;
  const { name, api } = repository;
  if (isRateLimited(answer)) {
    const error = statusError(429, api, 'the list of releases', rateLimitMs(answer, asked.nowMs));
    const token = asked.withToken ? '' : '; with a token in /etc/pikit/source-token more requests may be allowed';
    return new UpdateError('SERVER_ERROR', `'${api.host}' allows no more requests now (HTTP ${String(status)})`, {
      hint: `${error.hint ?? ''}${token}`,
      subject: api.origin,
      retryAfterMs: error.retryAfterMs,
    });
  }
  const fail = (code: 'HTTP_STATUS' | 'NOT_FOUND', message: string, hint: string): UpdateError =>
    new UpdateError(code, `${message} (HTTP ${String(status)})`, { hint, subject: api.origin });
  if (status === 401) {
    return asked.withToken
      ? fail(
          'HTTP_STATUS',
          `'${api.host}' does not accept the token of this device`,
          'put a valid one into /etc/pikit/source-token, or remove that file',
        )
      : fail('HTTP_STATUS', `'${api.host}' requires a login`, 'put a token that may read the repository into /etc/pikit/source-token');
  }
  if (status === 403) {
    return fail(
      'HTTP_STATUS',
      `'${api.host}' does not let ${asked.withToken ? 'the token of this device' : 'this device'} read '${name}'`,
      'put a token that may read the repository (scope read:repository) into /etc/pikit/source-token',
    );
  }
  if (status === 404) {
    return asked.withToken
      ? fail(
          'NOT_FOUND',
          `there is no repository '${name}', or the token of this device may not see it`,
          'check source.url, and what the token may read',
        )
      : fail(
          'NOT_FOUND',
          `there is no repository '${name}', or it is private`,
          'check source.url in /etc/pikit/update.toml; a private repository needs a token in /etc/pikit/source-token',
        );
  }
  return null;
}

/**
 * The failure for the answer that `at` gave to a device that asked for an asset at its fixed address, or null if the answer is none,
 * or that of a storage on another host. No list was asked for before, so it is this answer that tells of a missing login.
 */
export function assetError(
  answer: ApiAnswer,
  at: URL,
  repository: Repository,
  { what, ...asked }: { what: string; withToken: boolean; nowMs: number },
): UpdateError | null {
  const { name, kind, web } = repository;
  if (kind === 'github' || at.origin !== web.origin) return null;
  if (LOGIN_PAGE.test(at.pathname)) return readError({ ...answer, status: 401 }, repository, asked);
  if (answer.status !== 404) return readError(answer, repository, asked);
  const reason = asked.withToken ? 'the token of this device may not see it' : 'the repository is private';
  return new UpdateError('NOT_FOUND', `${what} is not at '${name}', or ${reason} (HTTP 404)`, {
    hint: asked.withToken
      ? 'check source.url, what is published there, and what the token may read'
      : 'check source.url in /etc/pikit/update.toml, and what is published there; a private repository needs a token in /etc/pikit/source-token',
    subject: web.origin,
  });
}
