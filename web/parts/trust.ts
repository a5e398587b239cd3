/** Who signed what: quiet where all is well, or where releases are not signed here; a box where something is wrong. */
import { html, nothing } from 'lit/html.js';
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import { verdictOf } from '../model/verdict.ts';
import { DAY, formatDate } from '../model/quantities.ts';
import { signersOf, trustOf } from '../model/trust.ts';
import { capitalized } from '../model/text.ts';
import { isTrustCode } from '../strings/trust-en.ts';
import type { Part } from './section.ts';
import { beside } from './section.ts';
import type { View } from './view.ts';
import { ownWords } from './words.ts';

type Signed = NonNullable<StatusAnswer['signed']>;

/** As the value of a fact; the fingerprints are there for those who look closer. */
export function signers({ keys }: Pick<Signed, 'keys'>): unknown {
  return html`<bdi title=${keys.map(({ fingerprint }) => fingerprint).join(' ')}>${signersOf(keys)}</bdi>`;
}

/** Of the release on offer. */
export function signedLine(signed: Signed | null | undefined, { strings }: View): Part {
  if (!signed) return nothing;
  return html`<p class="muted small">
    ${strings.label.signers}: ${signers(signed)} · ${strings.trust.until(formatDate(signed.until, strings, DAY))}
  </p>`;
}

/** What is said once of a device that verifies no signatures, and what is wrong where that is not what failed last. */
export function signatures(status: StatusAnswer, { strings, nowMs }: View): Part {
  const trust = trustOf(status, nowMs);
  const { trust: texts, causes } = strings;
  switch (trust.is) {
    case 'unsigned':
      return html`<p class="muted small">${texts.unsigned} ${texts.why}</p>`;
    case 'good':
      return nothing;
    case 'expired':
      return isTold(status, /^METADATA_E/)
        ? nothing
        : beside(
            'stale',
            'toned warning',
            html`<p>${texts.expired}</p>
              <p>${lastGood(trust.good, strings)}</p>
              ${ownWords(trust.problem?.hint ?? null)}`,
          );
    case 'wrong': {
      const { code } = trust.problem;
      const known = isTrustCode(code) ? causes[code] : null;
      return isTold(status, /^(SIG|META|TRUST)/)
        ? nothing
        : beside(
            'alert',
            'toned danger',
            html`<p><strong>${capitalized(known?.what ?? texts.wrong)}</strong></p>
              <p>${texts.safe}</p>
              ${known === null ? nothing : html`<p>${known.todo}</p>`}${ownWords(trust.problem.message, trust.problem.hint)}`,
          );
    }
  }
}

/** `Last verified on 12 Nov 2026`. */
function lastGood(good: string | null, strings: View['strings']): string {
  return good === null ? strings.trust.never : strings.trust.since(formatDate(good, strings, DAY));
}

/** Whether the box of what failed last says it already. */
function isTold(status: StatusAnswer, codes: RegExp): boolean {
  return codes.test(verdictOf(status)?.code ?? '');
}
