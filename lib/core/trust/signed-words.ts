/** Who signed a release, in words. */
import type { SignedBy } from './trust-state.ts';

/** The names of the keys, or their fingerprints where they have none. */
export function signersOf({ keys }: Pick<SignedBy, 'keys'>): string {
  return keys.map(({ name, fingerprint }) => name ?? fingerprint).join(', ');
}

/** One line: `1.5.0 is signed by Ada (valid until 2027-03-01)`. */
export function describeSigned(version: string, signed: SignedBy): string {
  return `${version} is signed by ${signersOf(signed)} (valid until ${signed.until.slice(0, 10)})`;
}
