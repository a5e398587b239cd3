/** Text of others as text: why a request failed, and release notes with their links. */
import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit/html.js';
import type { Failure } from '../api/answers.ts';
import { parseNotes } from '../model/release-notes.ts';
import { plainText } from '../model/text.ts';
import type { Strings } from '../strings/en.ts';

/** In the reader's language if the updater did not answer; else in the words of the updater. What it advises itself fits best. */
export function failureText({ code, message, hint }: Failure, { gone }: Strings): unknown {
  const reasons: Readonly<Record<string, Strings['gone']['SLOW'] | undefined>> = gone;
  const known = reasons[code];
  if (known === undefined) return ownWords(message, hint);
  return html`<p>${known.what}</p>
    ${hint === null ? html`<p class="muted">${known.todo}</p>` : ownWords(hint)}`;
}

/** What the updater says itself, in English. */
export function ownWords(...texts: readonly (string | null)[]): unknown {
  return texts.map((text) => (text === null ? nothing : html`<p lang="en">${plainText(text)}</p>`));
}

/** Lines for eyes that know them: paths, and what programs wrote. It can be scrolled with keys. */
export function lines(name: string, all: readonly string[]): TemplateResult {
  return html`<pre class="tall" tabindex="0" role="group" aria-label=${name}>${all.map(plainText).join('\n')}</pre>`;
}

/** Where it leads may not reach this page, and is not told where its visitor comes from. */
export function link(href: string, text: string): TemplateResult {
  return html`<a href=${href} target="_blank" rel="noreferrer">${text}</a>`;
}

/** Notes of a release, in the lines that they were written in. */
export function notesText(notes: string): unknown[] {
  return parseNotes(notes).map(({ text, href }) => (href === null ? text : link(href, text)));
}
