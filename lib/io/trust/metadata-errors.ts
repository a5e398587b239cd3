/** What is wrong with metadata, told to the owner of a device: what it is, both versions or dates, and what to do. */
import type { ErrorCode } from '../../core/errors.ts';
import { UpdateError } from '../../core/errors.ts';
import type { TrustCode } from '../../core/trust/trust-words.ts';
import { isTrustCode } from '../../core/trust/trust-words.ts';

const ASK = 'tell the maintainer of the releases; nothing was changed, and what is installed stays';

const HINTS: Readonly<Record<TrustCode, string>> = {
  TRUST_INVALID:
    '`sudo pikit-update trust reset`, then give this device its root again: `sudo pikit-update trust FILE`; until then nothing is installed, and what is installed stays',
  TRUST_DAMAGED:
    'check again while the source can be reached; if it stays so, `sudo pikit-update trust reset` begins anew, and asks you for the fingerprint',
  SIGNATURE_MISSING: `this device installs signed releases only: ${ASK}`,
  SIGNATURE_INVALID: `ask the maintainer of the releases whether a key was changed, and install nothing from this source until you know; nothing was changed`,
  METADATA_INVALID: `what the source has is no valid metadata: ${ASK}`,
  METADATA_ROLLBACK: `this is an old copy of the source, or an attack: try again later, or from another network; if it stays so, ${ASK}`,
  METADATA_MISMATCH: `the source may be in the middle of an upload: try again later; if it stays so, ${ASK}`,
  METADATA_EXPIRED: `nothing is installed until the source is signed anew: tell the maintainer of the releases; if the date of this device is wrong, set it (timedatectl)`,
};

/** An error of signed metadata, with the hint of its code. */
export function metadataError(code: ErrorCode, message: string, cause?: unknown): UpdateError {
  return new UpdateError(code, message, { ...(isTrustCode(code) ? { hint: HINTS[code] } : {}), ...(cause === undefined ? {} : { cause }) });
}

/** The same error with the hint of its code, where it has none. */
export function withTrustHint(error: unknown): unknown {
  return error instanceof UpdateError && error.hint === null && isTrustCode(error.code) ? metadataError(error.code, error.message, error) : error;
}

/** `2026-12-01 06:00 UTC` */
export function utcTime(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
