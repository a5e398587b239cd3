/** Asks once, in its place, before something is done that is not what one would expect. Escape is a no. */
import { html, nothing } from 'lit/html.js';
import type { Part } from './section.ts';
import { beside, button } from './section.ts';
import type { Question, View } from './view.ts';

export function confirm(question: Question, text: string, go: () => void, view: View): Part {
  const { strings } = view;
  if (view.question !== question) return nothing;
  const answer = (isYes: boolean) => () => {
    view.ask(null);
    if (isYes) go();
  };
  return html`<div class="box stack warning all" role="group" aria-labelledby="question">
    ${beside('alert', 'toned', html`<strong id="question">${text}</strong>`)}
    <div class="row">${button(strings.yes[question], answer(true), 'primary')}${button(strings.button.no, answer(false), 'no')}</div>
  </div>`;
}
