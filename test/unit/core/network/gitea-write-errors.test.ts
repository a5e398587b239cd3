import { describe, expect, it } from 'vitest';
import type { Repository } from '../../../../lib/core/network/gitea-address.ts';
import { repositoryAt } from '../../../../lib/core/network/gitea-address.ts';
import { writeError } from '../../../../lib/core/network/gitea-write-errors.ts';
import { matching } from '../../../helpers/matchers.ts';

const NOW = Date.parse('2026-11-22T10:00:00Z');

function repository(): Repository {
  const found = repositoryAt('https://git.example.org/o/r');
  if (found === null) throw new Error('no repository');
  return found;
}

function failure(status: number, headers: Record<string, string> = {}, message: string | null = null): unknown {
  const answer = { status, header: (name: string) => headers[name] ?? null };
  return writeError(answer, { repository: repository(), doing: 'uploading it', message, nowMs: NOW });
}

describe('writeError', () => {
  it.each([[200], [201], [204]])('is none for %i', (status) => {
    expect(failure(status)).toBeNull();
  });

  it.each<[number, Record<string, string>, string, RegExp, RegExp]>([
    [
      307,
      { location: 'https://git.example.org/api/v1/repos/new/r' },
      'HTTP_STATUS',
      /says that '.*\/o\/r' has moved to 'https:\/\/git\.example\.org\/new\/r'/,
      /--to gitea:https:\/\/git\.example\.org\/new\/r$/,
    ],
    [302, {}, 'HTTP_STATUS', /has moved/, /open its page in a browser/],
    [400, {}, 'HTTP_STATUS', /does not accept it/, /ALLOWED_TYPES/],
    [401, {}, 'HTTP_STATUS', /does not accept the token/, /PIKIT_RELEASE_TOKEN/],
    [403, {}, 'HTTP_STATUS', /does not let this token write/, /write:repository/],
    [403, { 'retry-after': '30' }, 'SERVER_ERROR', /cannot do it now/, /try again in 30 s: run the same command again/],
    [404, {}, 'NOT_FOUND', /no such repository/, /check --to/],
    [409, {}, 'BUSY', /a release of that tag already/, /another process/],
    [413, {}, 'HTTP_STATUS', /a file of this size/, /MAX_SIZE.*client_max_body_size/],
    [418, {}, 'HTTP_STATUS', /refuses the request \(HTTP 418\)/, /run the same/],
    [422, {}, 'HTTP_STATUS', /cannot make that tag/, /needs a commit/],
    [429, { 'x-ratelimit-reset': String(NOW / 1000 + 120) }, 'SERVER_ERROR', /HTTP 429/, /in 2 min/],
    [500, {}, 'SERVER_ERROR', /cannot do it now/, /^try again later: run/],
  ])('%i %j', (status, headers, code, message, hint) => {
    expect(failure(status, headers)).toMatchObject({ code, message: matching(message), hint: matching(hint), subject: 'https://git.example.org' });
  });

  it('says what was tried, and what the server said, without its escapes or novels', () => {
    expect(failure(500, {}, `\u001b[2J${'x'.repeat(500)}`)).toMatchObject({
      message: matching(/^uploading it: 'git.example.org' cannot do it now \(HTTP 500: \\u001b\[2Jx{100,200}[^x]*$/),
    });
  });
});
