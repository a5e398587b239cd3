/** What has to be heard before anything else: how the connection is, a page that is out of date, and notices of the device. */
import { html, nothing } from 'lit/html.js';
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import { gone } from '../api/requests.ts';
import { loadAnew } from '../own-page.ts';
import { plainText } from '../model/text.ts';
import type { Part } from './section.ts';
import { beside, button, problem, sending } from './section.ts';
import type { View } from './view.ts';
import { failureText, lines, ownWords } from './words.ts';

/** How sure what is shown is; nothing while it is live. */
export function connection(status: StatusAnswer | null, { link, strings, retry }: View): Part {
  if (link.is === 'live' || link.is === 'connecting') return nothing;
  if (link.is === 'reconnecting') return beside('running', 'note toned info', `${strings.reconnecting} ${strings.known}`);
  const { failure } = link.is === 'gone' ? link : gone('SLOW');
  const text = html`${failureText(failure, strings)}${status === null ? nothing : html`<p class="muted">${strings.known}</p>`}`;
  return beside('offline', 'note toned warning', text, button(strings.button.retry, retry));
}

export function replacedPage({ replaced, strings }: View): Part {
  if (replaced === null) return nothing;
  const reload = (): void => {
    void loadAnew();
  };
  return beside('ok', 'note toned info', strings.replaced(replaced), button(strings.button.reload, reload, 'primary'));
}

/** What the owner has to set before anything works. */
export function setup({ setup: problemOf }: StatusAnswer): Part {
  return problemOf === undefined ? nothing : beside('alert', 'note toned warning', ownWords(problemOf.message, problemOf.hint));
}

export function notices({ notices: all }: StatusAnswer, view: View): Part[] {
  const { strings, actions } = view;
  return all.map(({ id, message }) => {
    const name = `dismiss ${id}`;
    const removed = /^branch-removed:(.+)$/.exec(id)?.[1];
    const text = removed === undefined ? ownWords(message) : strings.branch.removed(plainText(removed));
    const send = (): void => {
      actions.send(name, (api) => api.dismiss(id));
    };
    return beside('alert', 'note toned info', [text, problem(name, view)], sending(name, strings.button.dismiss, send, view));
  });
}

/** Files that are not as they were installed, and what was kept of them. */
export function edits({ drift, last_result: last }: StatusAnswer, { strings }: View): Part[] {
  const part = (text: string, paths: readonly string[]): Part =>
    paths.length === 0 ? nothing : html`<div class="small">${beside('alert', 'toned warning', text)}${lines(text, paths)}</div>`;
  return [part(strings.edited(drift.length), drift), part(strings.kept, last?.kept ?? [])];
}
