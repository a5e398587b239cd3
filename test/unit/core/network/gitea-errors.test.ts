import { describe, expect, it } from 'vitest';
import type { Repository } from '../../../../lib/core/network/gitea-address.ts';
import { repositoryAt } from '../../../../lib/core/network/gitea-address.ts';
import { assetError, rateLimitMs, readError } from '../../../../lib/core/network/gitea-errors.ts';
import { matching } from '../../../helpers/matchers.ts';

const NOW = Date.parse('2026-11-22T10:00:00Z');
const REPOSITORY: Repository = repositoryAt('https://git.example.org/o/r') ?? fail();

function fail(): never {
  throw new Error('no repository');
}

const answer = (status: number, headers: Record<string, string> = {}) => ({ status, header: (name: string) => headers[name] ?? null });

describe('rateLimitMs', () => {
  it.each([
    ['nothing', {}, null],
    ['seconds', { 'retry-after': '90' }, 90_000],
    ['reset', { 'x-ratelimit-reset': String(NOW / 1000 + 600) }, 600_000],
    ['retry-after-first', { 'retry-after': '1', 'x-ratelimit-reset': String(NOW / 1000 + 600) }, 1000],
    ['reset-in-the-past', { 'x-ratelimit-reset': String(NOW / 1000 - 600) }, 0],
    ['reset-in-a-year', { 'x-ratelimit-reset': String(NOW / 1000 + 31_536_000) }, 86_400_000],
    ['reset-nonsense', { 'x-ratelimit-reset': 'tomorrow' }, null],
  ])('%s', (_name, headers, expected) => {
    expect(rateLimitMs(answer(429, headers), NOW)).toBe(expected);
  });
});

describe('readError', () => {
  it.each([
    ['fine', 200, {}, false],
    ['not-modified', 304, {}, false],
    ['broken', 500, {}, true],
  ])('leaves %s to others', (_name, status, headers, withToken) => {
    expect(readError(answer(status, headers), REPOSITORY, { withToken, nowMs: NOW })).toBeNull();
  });

  it.each([
    ['login', 401, {}, false, 'HTTP_STATUS', /requires a login/, /put a token that may read/],
    ['wrong-token', 401, {}, true, 'HTTP_STATUS', /does not accept the token/, /put a valid one into \/etc\/pikit\/source-token, or remove/],
    ['scope', 403, {}, true, 'HTTP_STATUS', /does not let the token of this device read 'git.example.org\/o\/r'/, /read:repository/],
    ['forbidden', 403, {}, false, 'HTTP_STATUS', /does not let this device read/, /put a token/],
    ['private', 404, {}, false, 'NOT_FOUND', /no repository 'git.example.org\/o\/r', or it is private/, /needs a token in/],
    ['unseen', 404, {}, true, 'NOT_FOUND', /or the token of this device may not see it/, /what the token may read/],
    [
      'limit',
      429,
      { 'retry-after': '90' },
      true,
      'SERVER_ERROR',
      /allows no more requests now \(HTTP 429\)/,
      /try again in 2 min; nothing was changed$/,
    ],
    [
      'limit-without-token',
      429,
      { 'retry-after': '9' },
      false,
      'SERVER_ERROR',
      /no more requests/,
      /with a token in .* more requests may be allowed/,
    ],
    [
      'limit-as-403',
      403,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOW / 1000 + 3000) },
      true,
      'SERVER_ERROR',
      /no more requests now \(HTTP 403\)/,
      /try again in 50 min/,
    ],
    ['limit-of-abuse', 403, { 'retry-after': '60' }, true, 'SERVER_ERROR', /HTTP 403/, /in 60 s/],
  ])('%s', (_name, status, headers, withToken, code, message, hint) => {
    const error = readError(answer(status, headers), REPOSITORY, { withToken, nowMs: NOW });
    expect(error).toMatchObject({ code, message: matching(message), hint: matching(hint), subject: 'https://git.example.org' });
  });

  it('passes on how long to wait', () => {
    expect(readError(answer(429, { 'retry-after': '90' }), REPOSITORY, { withToken: true, nowMs: NOW })?.retryAfterMs).toBe(90_000);
  });
});

describe('assetError', () => {
  const AT = new URL('https://git.example.org/o/r/releases/download/tuf/timestamp.json');
  const LOGIN = new URL('https://git.example.org/user/login?redirect_to=%2Fo%2Fr');
  const STORAGE = new URL('https://storage.example.org/bucket/7?signature=x');
  const github = repositoryAt('https://github.com/o/r') ?? fail();
  const error = (status: number, at: URL, withToken = false, repository = REPOSITORY) =>
    assetError(answer(status), at, repository, { what: 'the timestamp', withToken, nowMs: NOW });

  it.each<[string, number, URL, boolean, string, RegExp, RegExp]>([
    ['not-there', 404, AT, false, 'NOT_FOUND', /^the timestamp is not at 'git.example.org\/o\/r', or the repository is private/, /needs a token/],
    ['unseen', 404, AT, true, 'NOT_FOUND', /or the token of this device may not see it/, /what the token may read/],
    ['wrong-token', 401, AT, true, 'HTTP_STATUS', /does not accept the token/, /put a valid one/],
    ['login', 401, AT, false, 'HTTP_STATUS', /requires a login/, /put a token/],
    ['login-page', 200, LOGIN, false, 'HTTP_STATUS', /requires a login/, /put a token/],
    ['forbidden', 403, AT, false, 'HTTP_STATUS', /does not let this device read/, /put a token/],
  ])('%s', (_name, status, at, withToken, code, message, hint) => {
    expect(error(status, at, withToken)).toMatchObject({ code, message: matching(message), hint: matching(hint), subject: AT.origin });
  });

  it.each<[string, number, URL, Repository]>([
    ['what is fine', 200, AT, REPOSITORY],
    ['what is broken', 500, AT, REPOSITORY],
    ['a storage of its own', 403, STORAGE, REPOSITORY],
    ['GitHub, where no token goes', 404, new URL('https://github.com/o/r/releases/download/tuf/timestamp.json'), github],
  ])('leaves %s to others', (_name, status, at, repository) => {
    expect(error(status, at, true, repository)).toBeNull();
  });
});
