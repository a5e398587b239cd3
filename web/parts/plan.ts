/** What will change when the release on offer is installed: said in a line, and unfolded to every file. */
import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit/html.js';
import type { PlanAnswer } from '../../lib/core/http-api/api-answers.ts';
import { planLines } from '../model/plan-lines.ts';
import { icon } from './icons.ts';
import { fetched, folded, unfolding } from './section.ts';
import type { View } from './view.ts';
import { lines, ownWords } from './words.ts';

export function planned(view: View): TemplateResult {
  const { strings, plan } = view;
  const known = plan.value?.plan ?? null;
  // The most important facts, for readers who do not unfold it.
  const count = known === null ? '' : strings.plan.files(known.added.length + known.changed.length + (known.removed?.length ?? 0));
  return folded(
    'plan',
    [strings.heading.plan, count],
    () =>
      html`${known?.problem ? html`<div class="box danger">${ownWords(known.problem.message, known.problem.hint)}</div>` : nothing}
      ${fetched(plan, (answer) => changes(answer, view), view)}`,
    view,
  );
}

function changes({ plan, reason }: PlanAnswer, { strings }: View): TemplateResult {
  if (plan === null)
    return html`<p>${strings.plan.empty}</p>
      ${ownWords(reason)}`;
  return html`<ul class="rows">
    ${planLines(plan, strings).map(({ kind, text, items }) => {
      const isWarning = ['conflicts', 'foreign', 'edited', 'left', 'shadows', 'unrestarted'].includes(kind);
      const said = html`${isWarning ? html`<span class="tone warning mark">${icon('alert')}</span>` : nothing}<span class="grow">${text}</span>`;
      return html`<li>${items.length === 0 ? html`<div class="headline">${said}</div>` : unfolding(said, lines(text, items))}</li>`;
    })}
  </ul>`;
}
