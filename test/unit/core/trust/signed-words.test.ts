import { expect, it } from 'vitest';
import { describeSigned } from '../../../../lib/core/trust/signed-words.ts';

it('names who signed it, and until when that counts', () => {
  const keys = [
    { fingerprint: 'SHA256:abc', name: 'Ada' },
    { fingerprint: 'SHA256:def', name: null },
  ];
  expect(describeSigned('1.5.0', { role: 'targets', keys, until: '2027-03-01T10:00:00Z' })).toBe(
    '1.5.0 is signed by Ada, SHA256:def (valid until 2027-03-01)',
  );
});
