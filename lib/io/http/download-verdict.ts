/** How a download ends, whatever way its bytes came: verified and kept, or removed, so that wrong bytes are not resumed for ever. */
import type { ErrorCode } from '../../core/errors.ts';
import { UpdateError, mismatch } from '../../core/errors.ts';
import type { DownloadRequest } from './download-request.ts';
import { dropPartial, keepPartial } from './partial-file.ts';
import type { AnswerHead } from './request.ts';

/** Verified bytes lose the suffix; wrong ones are removed, so that they are not resumed for ever. */
export function accept(partial: string, sha256: string, options: DownloadRequest): void {
  if (options.sha256 !== null && sha256 !== options.sha256) {
    dropPartial(partial);
    throw new UpdateError('DIGEST_MISMATCH', mismatch(`sha256 of ${options.what}`, options.sha256, sha256), {
      hint: 'the bundle that the server sends does not match the manifest: report this to the publisher of the releases; nothing was changed',
    });
  }
  keepPartial(partial, options.file);
}

/** More came than there can be. What was wrong from some byte on is removed. */
export function tooLarge(options: DownloadRequest, size: number): UpdateError {
  dropPartial(`${options.file}.partial`);
  if (options.sizeBytes !== null)
    return new UpdateError('SIZE_MISMATCH', mismatch(`size of ${options.what} in bytes`, options.sizeBytes, `${String(size)} or more`));
  return new UpdateError('RESPONSE_TOO_LARGE', `${options.what} has more than ${String(options.maxBytes)} bytes`, {
    hint: 'limits.bundle_bytes sets the limit',
  });
}

const NOT_THE_FILE: ReadonlySet<ErrorCode> = new Set(['SIZE_MISMATCH', 'DIGEST_MISMATCH', 'RESPONSE_TOO_LARGE']);

/** Bytes that do not verify because the server has encoded them once more: the publisher is not to blame. Anything else as it is. */
export function encodedInstead(error: unknown, { header }: Pick<AnswerHead, 'header'>, url: URL, { what }: DownloadRequest): unknown {
  const encoding = header('content-encoding')?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || !(error instanceof UpdateError)) return error;
  // Without a length, less than the whole is what an encoding makes of it.
  const isShort = error.code === 'SERVER_UNREACHABLE' && error.cause === undefined && header('content-length') === null;
  if (!isShort && !NOT_THE_FILE.has(error.code)) return error;
  return new UpdateError(
    'HTTP_PROTOCOL',
    `'${url.host}' sent ${what} with content encoding '${encoding}', which was not requested: ${error.message}`,
    {
      hint: 'turn off compression of .tar.gz files on the server; nothing was changed',
      cause: error,
      subject: url.origin,
    },
  );
}
