/** What is wrong with signatures, in the words of lib/core/trust/trust-words.ts: a test compares the two. */
import type { TrustCode } from '../../lib/core/trust/trust-words.ts';

export const englishTrust = {
  TRUST_INVALID: {
    what: 'the trusted root of this device is missing or damaged.',
    todo: 'Give this device its root again, as root on a shell.',
  },
  TRUST_DAMAGED: {
    what: 'what this device has verified before is damaged.',
    todo: 'Check again while the source can be reached.',
  },
  SIGNATURE_MISSING: {
    what: 'the source has no signatures for this, and this device requires them.',
    todo: 'Tell the maker of the releases.',
  },
  SIGNATURE_INVALID: {
    what: 'the source is not signed by the keys that this device trusts.',
    todo: 'Ask the maker of the releases whether a key was changed, and do not install them in another way.',
  },
  METADATA_INVALID: {
    what: 'the signatures of the source cannot be read.',
    todo: 'Tell the maker of the releases.',
  },
  METADATA_ROLLBACK: {
    what: 'the source has older signatures than this device has seen.',
    todo: 'Try again later, or from another network: this is an old copy, or an attack.',
  },
  METADATA_MISMATCH: {
    what: 'the files of the source do not belong together.',
    todo: 'Try again later: the source may be changing.',
  },
  METADATA_EXPIRED: {
    what: 'the signatures of the source have expired.',
    todo: 'Wait until the maker of the releases renews them.',
  },
} satisfies Record<TrustCode, { what: string; todo: string }>;

/** Those of a later version are not among them. */
export function isTrustCode(code: string | null): code is TrustCode {
  return code !== null && Object.hasOwn(englishTrust, code);
}
