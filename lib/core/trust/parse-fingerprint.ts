/** Fingerprints of keys as people type them: the SHA-256 of the key in base64, with or without its name and its padding, or in hex. */

const BYTES = 32;
const NAME = /^sha256:/i;
const HEX = /^[0-9a-f]{64}$/i;
/** 32 bytes: 43 letters, of which the last has two bits too many. */
const BASE64 = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=?$/;

/**
 * The fingerprint in the one form that keys are shown with (`SHA256:` and 43 letters of base64), or null for what is none. Hex may
 * have colons between its bytes, as some programs print it.
 */
export function parseFingerprint(typed: string): string | null {
  const text = typed.trim().replace(NAME, '');
  const hex = text.replaceAll(':', '');
  if (HEX.test(hex)) return inOneForm(Buffer.from(hex, 'hex'));
  return BASE64.test(text) ? inOneForm(Buffer.from(text, 'base64')) : null;
}

function inOneForm(digest: Buffer): string | null {
  return digest.length === BYTES ? `SHA256:${digest.toString('base64').replace(/=+$/, '')}` : null;
}
