/** The receipt in plain words: what failed, what that means now, what to do. The updater's own words unfold. */
import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit/html.js';
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import type { Verdict } from '../model/verdict.ts';
import { failureOf } from '../model/failure.ts';
import { formatDate } from '../model/quantities.ts';
import { plainText } from '../model/text.ts';
import { fact } from './headline.ts';
import type { Part } from './section.ts';
import { unfolding } from './section.ts';
import type { View } from './view.ts';
import { ownWords } from './words.ts';

export function failure(status: StatusAnswer, { strings, chip }: View): Part {
  const text = failureOf(status, strings);
  if (text === null) return nothing;
  const { what, meaning, todo, hint, receipt } = text;
  return html`<div class="box ${chip.tone}">
    <p><strong>${what}</strong></p>
    <p>${meaning}</p>
    ${todo === null ? nothing : html`<p>${todo}</p>`}${ownWords(hint)}
    ${receipt === null ? nothing : unfolding(html`<span class="grow">${strings.details}</span>`, details(receipt, strings))}
  </div>`;
}

function details({ at, code, message, subject }: Verdict, strings: View['strings']): TemplateResult {
  const { label } = strings;
  return html`<div class="stack small">
    <div>${ownWords(message)}</div>
    <dl class="row">
      ${subject === null ? nothing : fact(strings.about, html`<bdi>${plainText(subject)}</bdi>`)}${fact(label.code, code)}
      ${fact(label.at, formatDate(at, strings))}
    </dl>
  </div>`;
}
