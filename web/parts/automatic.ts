/** What happens by itself, and when. */
import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit/html.js';
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import { formatDate } from '../model/quantities.ts';
import type { Chosen } from './section.ts';
import { folded, form } from './section.ts';
import type { View } from './view.ts';

export function automatic({ settings, unsigned }: StatusAnswer, view: View): TemplateResult {
  const { auto, time } = settings;
  const { strings, actions } = view;
  const { label } = strings;
  const fields = (): TemplateResult =>
    html`<label class="field">
        ${label.auto}
        <select name="auto">
          ${Object.entries(strings.auto).map(([choice, text]) => html`<option value=${choice} .selected=${choice === auto}>${text}</option>`)}
        </select>
      </label>
      <label class="field">${label.time}<input name="time" type="time" required .value=${time} /></label>`;
  const send = (chosen: Chosen): void => {
    actions.send('auto', (api) => api.setAuto(chosen));
  };
  const next = view.automatic.value?.next_check ?? null;
  return folded(
    'auto',
    [strings.heading.auto, auto === 'off' ? strings.auto.off : `${strings.auto[auto]}, ${time}`],
    () => [
      unsigned ? html`<p class="muted small">${strings.trust.automatic}</p>` : nothing,
      form('auto', strings.button.save, fields(), send, view),
      next === null ? nothing : html`<p class="muted small">${label.next}: ${formatDate(next, strings)}</p>`,
    ],
    view,
  );
}
