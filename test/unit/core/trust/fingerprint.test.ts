import { createHash, createPublicKey } from 'node:crypto';
import { expect, it } from 'vitest';
import { keyFingerprint } from '../../../../lib/core/trust/fingerprint.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';

it('is the digest of the key in the form that openssl writes', () => {
  const { publicHex, privateKey } = testKey('Ada');
  const der = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  expect(der).toHaveLength(44);
  expect(keyFingerprint(publicHex)).toBe(`SHA256:${createHash('sha256').update(der).digest('base64').slice(0, 43)}`);
});
