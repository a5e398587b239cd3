/** Everything in the dialog, from what is so now to what was. */
import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit/html.js';
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import { automatic } from './automatic.ts';
import { branches } from './branches.ts';
import { failure } from './failure.ts';
import { choices, facts, headline } from './headline.ts';
import { past } from './history.ts';
import { connection, edits, notices, replacedPage, setup } from './notices.ts';
import { offer } from './offer.ts';
import { planned } from './plan.ts';
import { previous } from './previous.ts';
import { progress } from './progress.ts';
import { signatures } from './trust.ts';
import type { View } from './view.ts';

export function panel(status: StatusAnswer | null, view: View): TemplateResult {
  const head = [connection(status, view), replacedPage(view)];
  if (status === null)
    return html`<div class="body">
      ${head}
      <div class="now">${headline(status, view)}</div>
    </div>`;
  const run = status.run?.state === 'running' ? status.run : null;
  // Where an update was left half way, the way back is not far down.
  const isFirst = status.rollback.is === 'open';
  return html`<div class="body">
    ${head}${setup(status)}${notices(status, view)}
    <div class="now stack">
      ${headline(status, view)}${failure(status, view)}${run === null ? nothing : progress(run, view)}${choices(status, view)}${facts(status, view)}
      ${signatures(status, view)}${edits(status, view)}
    </div>
    ${isFirst ? previous(status, view) : nothing}${offer(status, view)}${status.available === null || run !== null ? nothing : planned(view)}
    ${isFirst ? nothing : previous(status, view)}${automatic(status, view)}${branches(status, view)}${view.logs.show(view)}${past(view)}
  </div>`;
}
