/** What changed the device before, or failed to: newest first. */
import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit/html.js';
import type { Receipt } from '../../lib/core/device/state.ts';
import { formatDate } from '../model/quantities.ts';
import { joined } from '../model/text.ts';
import { beside, fetched, folded } from './section.ts';
import type { View } from './view.ts';
import { ownWords } from './words.ts';

export function past(view: View): TemplateResult {
  const { heading, history } = view.strings;
  return folded(
    'history',
    [heading.history, ''],
    () =>
      fetched(
        view.history,
        ({ history: all }) =>
          all.length === 0
            ? html`<p class="muted">${history.empty}</p>`
            : html`<ol class="stack">
                ${all.toReversed().map((receipt) => entry(receipt, view))}
              </ol>`,
        view,
      ),
    view,
  );
}

function entry({ step, outcome, at, from, to, message }: Receipt, { strings }: View): TemplateResult {
  const versions = joined([from, to], ' → ');
  const words = outcome === 'ok' ? nothing : html`<div class="muted small">${ownWords(message)}</div>`;
  const text = html`${strings.steps[step]}: ${strings.outcomes[outcome]} · ${versions}${words}`;
  return html`<li>${beside(outcome, '', text, html`<span class="muted small">${formatDate(at, strings)}</span>`)}</li>`;
}
