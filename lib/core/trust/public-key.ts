/**
 * Which ed25519 keys may sign metadata. Node verifies any message for the neutral element as a key, and for the other points of
 * small order many of them: if you can name such a key, you need no secret.
 */

/** The field of the curve: 2^255 - 19. */
const P = (1n << 255n) - 19n;
const SIGN_BIT = 1n << 255n;

/** The y coordinates of the eight points of small order; the sign bit of x makes no difference. */
const SMALL_ORDER_Y: readonly bigint[] = [
  0n,
  1n,
  P - 1n,
  littleEndian('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'),
  littleEndian('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'),
];

/** Says what is wrong with the 32 bytes of a public key, in hex, or null. */
export function publicKeyProblem(publicHex: string): string | null {
  if (!/^[0-9a-f]{64}$/.test(publicHex)) return 'it is not 32 bytes in hex';
  const y = littleEndian(publicHex) & (SIGN_BIT - 1n);
  if (y >= P) return 'it is not written as the one number that it stands for';
  if (SMALL_ORDER_Y.includes(y)) return 'it is a point of small order, for which anybody can sign';
  return null;
}

function littleEndian(hex: string): bigint {
  return BigInt(`0x${Buffer.from(hex, 'hex').reverse().toString('hex')}`);
}
