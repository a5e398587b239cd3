/** The ed25519 keys of a site, by their public halves: how TUF names them, and how people compare them. */
import type { KeyObject } from 'node:crypto';
import { createHash, createPublicKey } from 'node:crypto';
import { UpdateError } from '../../core/errors.ts';
import { keyFingerprint } from '../../core/trust/fingerprint.ts';

export interface PublicKey {
  /** The 32 bytes of the key, as metadata has them. */
  publicHex: string;
  /** What metadata calls it: the sha256 of its canonical JSON, without what is added for people. */
  id: string;
  /** `SHA256:…`, for people. */
  fingerprint: string;
  /** Of the key or its holder, for people. */
  name: string | null;
}

/** DER of a SubjectPublicKeyInfo for ed25519, without the key itself (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** The key that 64 hexadecimal digits stand for. */
export function publicKeyOfHex(publicHex: string, name: string | null): PublicKey {
  const canonical = `{"keytype":"ed25519","keyval":{"public":"${publicHex}"},"scheme":"ed25519"}`;
  return { publicHex, id: createHash('sha256').update(canonical).digest('hex'), fingerprint: keyFingerprint(publicHex), name };
}

/** The public half of a key. `what` names it in messages. Throws KEY_INVALID for any other kind than ed25519. */
export function publicKeyOf(key: KeyObject, what: string, name: string | null): PublicKey {
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new UpdateError('KEY_INVALID', `${what} is a key of the kind '${key.asymmetricKeyType ?? 'secret'}': releases are signed with ed25519`, {
      hint: 'make one with: openssl genpkey -algorithm ed25519 -aes256',
    });
  }
  const der = (key.type === 'private' ? createPublicKey(key) : key).export({ type: 'spki', format: 'der' });
  return publicKeyOfHex(der.subarray(SPKI_PREFIX.length).toString('hex'), name);
}

/** The key object that verifies with 64 hexadecimal digits. */
export function verifyingKey(publicHex: string): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, Buffer.from(publicHex, 'hex')]), format: 'der', type: 'spki' });
}

/** As `openssl pkey -pubin` reads it. */
export function publicPem(publicHex: string): string {
  return verifyingKey(publicHex).export({ type: 'spki', format: 'pem' }).toString();
}

/** How messages name a key. */
export function describeKey({ fingerprint, name }: Pick<PublicKey, 'fingerprint' | 'name'>): string {
  return name === null ? fingerprint : `'${name}' (${fingerprint})`;
}
