import { expect, it } from 'vitest';
import { SignedBy, TrustState } from '../../../../lib/core/trust/trust-state.ts';

const SIGNED = { role: 'targets', keys: [{ fingerprint: 'SHA256:abc', name: null }], until: '2026-12-01T00:00:00Z' };
const STATE = { root: 1, timestamp: null, good: null, until: null, problem: null };

it('takes what the updater writes', () => {
  expect(SignedBy.parse(SIGNED)).toEqual(SIGNED);
  expect(TrustState.parse(STATE)).toEqual(STATE);
});

it('refuses what is no date or no version, and members that it does not know', () => {
  expect(SignedBy.safeParse({ ...SIGNED, until: 'never' }).success).toBe(false);
  expect(SignedBy.safeParse({ ...SIGNED, trusted: true }).success).toBe(false);
  expect(TrustState.safeParse({ ...STATE, root: 1.5 }).success).toBe(false);
});
