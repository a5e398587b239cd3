import { expect, it } from 'vitest';
import { ERROR_CODES } from '../../../../lib/core/error-codes.ts';
import { TRUST_WORDS, isTrustCode } from '../../../../lib/core/trust/trust-words.ts';

const CODES = Object.keys(ERROR_CODES).filter((code) => /^(TRUST|SIGNATURE|METADATA)_/.test(code));

it('are those of every code about signatures, and of no other', () => {
  expect(Object.keys(TRUST_WORDS).toSorted()).toEqual(CODES.toSorted());
  expect([...Object.keys(ERROR_CODES), null].filter(isTrustCode)).toEqual(CODES);
  expect(isTrustCode('toString')).toBe(false);
});

it('tell each code from every other, with a way out', () => {
  const words = Object.values(TRUST_WORDS);
  expect(new Set(words.map(({ what }) => what)).size).toBe(CODES.length);
  for (const { what, todo } of words) expect(`${what}; ${todo}`).toMatch(/^.{20,}; .{20,}$/);
});
