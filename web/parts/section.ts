/** What the parts are made of: sections with a heading, what unfolds, buttons, forms, and why a request failed. */
import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit/html.js';
import type { Failure } from '../api/answers.ts';
import type { Link } from '../api/link.ts';
import type { Lazy } from '../lazy.ts';
import { icon } from './icons.ts';
import type { Fold, View } from './view.ts';
import { failureText } from './words.ts';

export type Part = TemplateResult | typeof nothing;

/** What was chosen in a form, by the names of its fields. */
export type Chosen = Readonly<Record<string, unknown>>;

export function section(id: string, heading: string, content: unknown): TemplateResult {
  return html`<section aria-labelledby=${id}>
    <h3 id=${id}>${heading}</h3>
    ${content}
  </section>`;
}

/** Details that the reader can unfold. */
export function unfolding(summary: unknown, content: unknown, isOpen = false, toggled?: (event: Event) => void): TemplateResult {
  return html`<details ?open=${isOpen} @toggle=${toggled}>
    <summary>${summary}${icon('down')}</summary>
    ${content}
  </details>`;
}

/** A section that says in a few words how things are, and unfolds to what can be done. */
export function folded(fold: Fold, [heading, value]: [string, string], content: () => unknown, view: View): TemplateResult {
  const isOpen = view.unfolded.has(fold);
  const toggled = ({ currentTarget: details }: Event): void => {
    if (details instanceof HTMLDetailsElement) view.unfold(fold, details.open);
  };
  return html`<section aria-labelledby=${fold}>
    ${unfolding(
      html`<h3 id=${fold} class="grow">${heading}</h3>
        <span class="muted">${value}</span>`,
      html`<div class="stack">${isOpen ? content() : nothing}</div>`,
      isOpen,
      toggled,
    )}
  </section>`;
}

export function button(label: unknown, press: () => void, look = ''): TemplateResult {
  return html`<button class=${look} @click=${press}>${label}</button>`;
}

/** It keeps the focus while its request is on, and sends nothing more; `name` is that of the request. Without `send` that is for its form to do; outside of one a button does nothing by itself. */
export function sending(name: string, label: string, send: (() => void) | null, { actions, strings }: View, look = ''): TemplateResult {
  const isBusy = actions.isBusy(name);
  return html`<button class=${look} aria-disabled=${isBusy || nothing} @click=${send}>
    ${isBusy ? icon('running') : nothing}${label}${isBusy ? html`<span aria-hidden="true">${strings.working}</span>` : nothing}
  </button>`;
}

/** Fields with a button; `send` gets what is chosen, by name. */
export function form(name: string, label: string, fields: unknown, send: (chosen: Chosen) => void, view: View): TemplateResult {
  const submitted = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!(event.currentTarget instanceof HTMLFormElement)) return;
    send(Object.fromEntries(new FormData(event.currentTarget)));
  };
  return html`<form class="row" @submit=${submitted}>${fields}${sending(name, label, null, view)}</form>
    ${problem(name, view)}`;
}

/** A drawing with something beside it, and perhaps a button. */
export function beside(drawing: string, look: string, text: unknown, after: unknown = nothing): TemplateResult {
  return html`<div class="headline ${look}">
    ${icon(drawing)}
    <div class="grow row spread">
      <div>${text}</div>
      ${after}
    </div>
  </div>`;
}

/** Why something failed, with a way on. */
function wrong(failure: Failure, retry: () => void, { strings }: View): TemplateResult {
  return html`<div role="alert">${beside('alert', 'toned danger', failureText(failure, strings), button(strings.button.retry, retry))}</div>`;
}

/** Why the last request of this name came to nothing. */
export function problem(name: string, view: View): Part {
  const found = view.actions.problemOf(name);
  return found === null ? nothing : wrong(found.failure, found.retry, view);
}

/** Why something is not there yet. */
export function awaited(link: Link, retry: () => void, view: View): TemplateResult {
  const { reconnecting, working } = view.strings;
  return link.is === 'gone' ? wrong(link.failure, retry, view) : beside('running', 'muted', link.is === 'reconnecting' ? reconnecting : working);
}

/** What was fetched, or how far that is. */
export function fetched<T>(lazy: Lazy<T>, show: (value: T) => unknown, view: View): unknown {
  const { answer } = lazy;
  if (answer === null) return awaited(view.link, view.retry, view);
  return answer.is === 'ok' ? show(answer.value) : wrong(answer.failure, lazy.again, view);
}
