/** How a download ends, whatever way its bytes came: verified and kept, or removed, so that wrong bytes are not resumed for ever. */
import { UpdateError, mismatch } from '../core/errors.ts';
import type { DownloadRequest } from './download.ts';
import { dropPartial, keepPartial } from './partial-file.ts';

/** Verified bytes lose the suffix; wrong ones are removed, so that they are not resumed for ever. */
export function accept(partial: string, sha256: string, options: DownloadRequest): void {
  if (options.sha256 !== null && sha256 !== options.sha256) {
    dropPartial(partial);
    throw new UpdateError('DIGEST_MISMATCH', mismatch(`sha256 of ${options.what}`, options.sha256, sha256), {
      hint: 'what the server sends is not what the manifest names: tell whoever publishes the releases; nothing was changed',
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
