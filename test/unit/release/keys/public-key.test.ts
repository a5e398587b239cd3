import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { describeKey, publicKeyOf, publicKeyOfHex, publicPem, verifyingKey } from '../../../../lib/release/keys/public-key.ts';

/** RFC 8032, test 1. */
const HEX = 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a';

describe('a public key', () => {
  it('is the same from both halves, as PEM and as hex', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = publicKeyOf(privateKey, 'it', 'ada');
    expect(publicKeyOf(publicKey, 'it', 'ada')).toEqual(key);
    expect(publicKeyOfHex(key.publicHex, 'ada')).toEqual(key);
    expect(createPublicKey(publicPem(key.publicHex)).equals(publicKey)).toBe(true);
    expect(verifyingKey(key.publicHex).equals(publicKey)).toBe(true);
  });

  it('has the id that TUF gives it, whatever its name', () => {
    // sha256 of {"keytype":"ed25519","keyval":{"public":"d75a…"},"scheme":"ed25519"}
    expect(publicKeyOfHex(HEX, null).id).toBe(publicKeyOfHex(HEX, 'ada').id);
    expect(publicKeyOfHex(HEX, null).id).toMatch(/^[0-9a-f]{64}$/);
    expect(describeKey(publicKeyOfHex(HEX, 'ada'))).toMatch(/^'ada' \(SHA256:[A-Za-z0-9+/]{43}\)$/);
    expect(describeKey(publicKeyOfHex(HEX, null))).toMatch(/^SHA256:/);
  });

  it('is ed25519, and nothing else', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => publicKeyOf(publicKey, 'it', null)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });
});
