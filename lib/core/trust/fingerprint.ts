/** Keys as people compare them. */
import { createHash } from 'node:crypto';

/** The DER of an ed25519 SubjectPublicKeyInfo (RFC 8410) up to the 32 bytes of the key. */
const SPKI_HEAD = '302a300506032b6570032100';

/**
 * The fingerprint of a public ed25519 key, of which `publicHex` are the 32 bytes: `SHA256:` and the base64, without padding, of the
 * SHA-256 over its SubjectPublicKeyInfo in DER. `openssl pkey -pubout -outform DER | openssl dgst -sha256 -binary | base64` shows
 * the same but for the padding.
 */
export function keyFingerprint(publicHex: string): string {
  const der = Buffer.from(SPKI_HEAD + publicHex, 'hex');
  return `SHA256:${createHash('sha256').update(der).digest('base64').replace(/=+$/, '')}`;
}
