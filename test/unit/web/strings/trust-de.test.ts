import { expect, it } from 'vitest';
import { TRUST_WORDS, isTrustCode } from '../../../../lib/core/trust/trust-words.ts';
import { de } from '../../../../web/strings/de.ts';

it('tells each code about signatures from every other, and from a clock that is wrong', () => {
  const codes = Object.keys(TRUST_WORDS).filter(isTrustCode);
  const said = [...codes, 'clock' as const].map((code) => de.causes[code].what);
  expect(new Set(said).size).toBe(codes.length + 1);
  for (const code of codes) expect(`${de.causes[code].what} ${de.causes[code].todo}`).toMatch(/^[A-Z].{20,}\. [A-Z].{15,}\.$/);
});
