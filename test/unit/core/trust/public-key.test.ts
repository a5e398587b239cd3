import { createPublicKey, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { publicKeyProblem } from '../../../../lib/core/trust/public-key.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';

/** The points of small order, as lists of known answers for ed25519 have them, with the ways to write them that are not canonical. */
const SMALL_ORDER = [
  '0100000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0000000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
];
const NOT_CANONICAL = [
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
];

describe('a public key', () => {
  it.each(SMALL_ORDER)('of small order is refused: %s', (hex) => {
    expect(publicKeyProblem(hex)).toMatch(/small order/);
  });

  it.each(NOT_CANONICAL)('that is not canonical is refused: %s', (hex) => {
    expect(publicKeyProblem(hex)).toMatch(/the one number/);
  });

  it.each(['', 'ab', 'AB'.repeat(32), 'zz'.repeat(32), `${'ab'.repeat(32)} `, '-----BEGIN PUBLIC KEY-----'])(
    'that is no 32 bytes is refused: %j',
    (text) => {
      expect(publicKeyProblem(text)).toMatch(/32 bytes/);
    },
  );

  it('of anyone is taken', () => {
    for (const name of ['Ada', 'Bob', 'root', 'targets']) expect(publicKeyProblem(testKey(name).publicHex)).toBe(null);
  });
});

it('is why: for the neutral element, Node verifies a signature that is made without a key, for any message', () => {
  const identity = SMALL_ORDER[0] ?? '';
  const key = createPublicKey({ key: Buffer.from(`302a300506032b6570032100${identity}`, 'hex'), format: 'der', type: 'spki' });
  const signature = Buffer.from(identity + '00'.repeat(32), 'hex');
  expect(['a', 'b'].map((text) => verify(null, Buffer.from(text), key, signature))).toEqual([true, true]);
});
