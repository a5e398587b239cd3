/** How far a run is: a bar, numbers that are known, and the steps. The room for them is the same in every phase. */
import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit/html.js';
import type { Run } from '../../lib/core/run/run.ts';
import { progressOf, stepsOf } from '../model/run-steps.ts';
import { joined } from '../model/text.ts';
import { icon } from './icons.ts';
import type { View } from './view.ts';

export function progress(run: Run, { strings }: View): TemplateResult {
  const { percent, bytes, rate, left } = progressOf(run, strings);
  const numbers = joined([percent === null ? null : strings.all(percent), bytes, rate]);
  return html`<div class="stack small">
    <progress max="100" value=${percent ?? nothing} aria-label=${strings.progress}></progress>
    <p class="row spread muted"><span>${numbers || '\u00a0'}</span><span>${left}</span></p>
    <ol class="row">
      ${stepsOf(run, strings).map(({ label, state, stateText }) => html`<li class="mark">${icon(state)}${label}: ${stateText}</li>`)}
    </ol>
    <p class="muted">${strings.goesOn}</p>
  </div>`;
}
