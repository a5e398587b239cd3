import { expect, it } from 'vitest';
import { ERROR_CODES } from '../../../../lib/core/error-codes.ts';
import { TRUST_SAFE, TRUST_WORDS, isTrustCode } from '../../../../lib/core/trust/trust-words.ts';
import { capitalized } from '../../../../web/model/text.ts';
import { en } from '../../../../web/strings/en.ts';
import { isTrustCode as isKnown } from '../../../../web/strings/trust-en.ts';

it('says of each code about signatures what the command line says', () => {
  for (const code of Object.keys(TRUST_WORDS).filter(isTrustCode)) {
    const { what, todo } = TRUST_WORDS[code];
    expect(en.causes[code]).toEqual({ what: `${what}.`, todo: `${capitalized(todo)}.` });
  }
  expect(en.trust.safe).toBe(`${capitalized(TRUST_SAFE)}.`);
});

it('knows the same codes', () => {
  const codes = [...Object.keys(ERROR_CODES), null, 'toString', 'SIGNATURE_OF_LATER'];
  expect(codes.filter(isKnown)).toEqual(codes.filter(isTrustCode));
});
