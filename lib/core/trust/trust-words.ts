/**
 * What is wrong with signatures, for the owner of a device, by error code: what happened, and what to do. The command line, the
 * dialog and docs/journal.md say it in these words; the dialog has them in other languages as well. With each of these codes
 * nothing is installed, and what is installed stays: TRUST_SAFE says so.
 */
import type { ErrorCode } from '../errors.ts';

export const TRUST_WORDS = {
  TRUST_INVALID: {
    what: 'the trusted root of this device is missing or damaged',
    todo: 'give this device its root again, as root on a shell',
  },
  TRUST_DAMAGED: {
    what: 'what this device has verified before is damaged',
    todo: 'check again while the source can be reached',
  },
  SIGNATURE_MISSING: {
    what: 'the source has no signatures for this, and this device requires them',
    todo: 'tell the maker of the releases',
  },
  SIGNATURE_INVALID: {
    what: 'the source is not signed by the keys that this device trusts',
    todo: 'ask the maker of the releases whether a key was changed, and do not install them in another way',
  },
  METADATA_INVALID: {
    what: 'the signatures of the source cannot be read',
    todo: 'tell the maker of the releases',
  },
  METADATA_ROLLBACK: {
    what: 'the source has older signatures than this device has seen',
    todo: 'try again later, or from another network: this is an old copy, or an attack',
  },
  METADATA_MISMATCH: {
    what: 'the files of the source do not belong together',
    todo: 'try again later: the source may be changing',
  },
  METADATA_EXPIRED: {
    what: 'the signatures of the source have expired',
    todo: 'wait until the maker of the releases renews them',
  },
} as const satisfies Partial<Record<ErrorCode, { what: string; todo: string }>>;

export type TrustCode = keyof typeof TRUST_WORDS;

/** Whether the device is in danger. */
export const TRUST_SAFE = 'nothing was installed, and what is installed stays';

export function isTrustCode(code: string | null): code is TrustCode {
  return code !== null && Object.hasOwn(TRUST_WORDS, code);
}
