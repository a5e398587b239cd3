import type { ErrorCode } from '../../core/errors.ts';
import { UpdateError } from '../../core/errors.ts';

/** The same failure with something to do about it, unless it says already what that is. Anything else passes as it is. */
export function withHint<T>(error: T, hint: string): T | UpdateError {
  if (!(error instanceof UpdateError) || error.hint !== null) return error;
  return new UpdateError(error.code, error.message, {
    hint,
    cause: error,
    lines: error.lines,
    ...(error.subject === null ? {} : { subject: error.subject }),
  });
}

const NO_SITE = 'check source.url in /etc/pikit/update.toml: there is no site with releases at this address; nothing was changed';
const WRONG_RELEASE = 'check source.url; if it is right, report this to the publisher of the releases; nothing was changed';

const SOURCE_HINTS: Readonly<Partial<Record<ErrorCode, string>>> = {
  CANCELLED: 'the next start resumes it',
  HTTP_PROTOCOL: NO_SITE,
  RESPONSE_TOO_LARGE: NO_SITE,
  MANIFEST_INVALID: WRONG_RELEASE,
  SITE_INVALID: WRONG_RELEASE,
  PATH_REFUSED: WRONG_RELEASE,
  BUNDLE_INVALID: WRONG_RELEASE,
  DIGEST_MISMATCH: WRONG_RELEASE,
  SIZE_MISMATCH: WRONG_RELEASE,
};

/** As withHint, for an exchange with the source that failed without saying what can be done about it. */
export function withSourceHint<T>(error: T): T | UpdateError {
  if (!(error instanceof UpdateError)) return error;
  return withHint(error, SOURCE_HINTS[error.code] ?? 'try again later; nothing was changed');
}
