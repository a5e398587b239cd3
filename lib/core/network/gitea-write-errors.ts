/** What the statuses of a Gitea API mean for a release engineer who wanted to write. Pure: the edge hands headers and clock in. */
import type { ErrorCode } from '../errors.ts';
import { UpdateError } from '../errors.ts';
import type { Repository } from './gitea-address.ts';
import { movedTo } from './gitea-address.ts';
import type { ApiAnswer } from './gitea-errors.ts';
import { rateLimitMs } from './gitea-errors.ts';
import { quotable } from '../release/release-path.ts';
import { waitText } from './retry-after.ts';

const AGAIN = 'run the same command again: it resumes where it stopped';

interface Meaning {
  code: ErrorCode;
  means: string;
  hint: string;
}

const MEANINGS: Readonly<Record<number, Meaning>> = {
  400: { code: 'HTTP_STATUS', means: 'does not accept it', hint: 'allow .json and .tar.gz in the server: [repository.release] ALLOWED_TYPES' },
  401: {
    code: 'HTTP_STATUS',
    means: 'does not accept the token',
    hint: 'put a valid one into PIKIT_RELEASE_TOKEN, or into the file of --token-file',
  },
  403: {
    code: 'HTTP_STATUS',
    means: 'does not let this token write',
    hint: 'the token needs the scope write:repository, and its owner the right to write',
  },
  404: { code: 'NOT_FOUND', means: 'has no such repository, or hides it from this token', hint: 'check --to, and what the token may see' },
  409: { code: 'BUSY', means: 'has a release of that tag already', hint: `another process may be publishing: ${AGAIN}` },
  413: {
    code: 'HTTP_STATUS',
    means: 'does not accept a file of this size',
    hint: 'raise [attachment] MAX_SIZE of the server, and the limit of a proxy in front of it (nginx: client_max_body_size)',
  },
  422: {
    code: 'HTTP_STATUS',
    means: 'cannot make that tag',
    hint: 'the repository needs a commit, and the tag must not be protected',
  },
};

export interface WriteContext {
  repository: Repository;
  /** What was tried: `uploading 'manifest.json' to v1.4.0`. */
  doing: string;
  /** What the server says about it, if anything. */
  message: string | null;
  nowMs: number;
}

/** The failure for an answer, or null if it is a success. */
export function writeError(answer: ApiAnswer, context: WriteContext): UpdateError | null {
  const { status } = answer;
  if (status >= 200 && status < 300) return null;
  const { repository, doing, message, nowMs } = context;
  const host = repository.api.host;
  const said = `HTTP ${String(status)}${message === null ? '' : `: ${quotable(message).slice(0, 200)}`}`;
  const fail = (code: ErrorCode, means: string, hint: string, retryAfterMs: number | null = null): UpdateError =>
    new UpdateError(code, `${doing}: '${host}' ${means} (${said})`, { hint, subject: repository.api.origin, retryAfterMs });
  if (status >= 300 && status < 400) {
    const page = movedTo(repository, answer.header('location'));
    return fail(
      'HTTP_STATUS',
      `says that '${repository.name}' has moved${page === null ? '' : ` to '${quotable(page)}'`}`,
      page === null
        ? 'open its page in a browser, and use the address that it leads to in --to'
        : `use its new address: --to gitea:${quotable(page)}`,
    );
  }
  const waitMs = rateLimitMs(answer, nowMs);
  if (status === 408 || status === 429 || status >= 500 || (status === 403 && waitMs !== null)) {
    const when = waitMs === null || waitMs === 0 ? 'try again later' : `try again in ${waitText(waitMs)}`;
    return fail('SERVER_ERROR', 'cannot do it now', `${when}: ${AGAIN}`, waitMs);
  }
  const meaning = Object.hasOwn(MEANINGS, status) ? MEANINGS[status] : undefined;
  return fail(meaning?.code ?? 'HTTP_STATUS', meaning?.means ?? 'refuses the request', meaning?.hint ?? AGAIN);
}
