/** The way back: to which version, asked once, and why there is none. */
import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit/html.js';
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import { formatAgo } from '../model/quantities.ts';
import { confirm } from './confirm.ts';
import { problem, section, sending } from './section.ts';
import type { View } from './view.ts';

export function previous({ rollback, run }: StatusAnswer, view: View): TemplateResult {
  const { strings, nowMs, actions } = view;
  const { heading, button, ask } = strings;
  const [text, to] =
    rollback.is === 'there'
      ? [strings.rollback.created(formatAgo(rollback.created, nowMs, strings)), rollback.to]
      : [strings.rollback[rollback.is], null];
  const isPossible = rollback.is !== 'none' && rollback.is !== 'damaged' && run?.state !== 'running';
  const rollBack = (): void => {
    actions.sendOnce('rollback', 'rollback', (api, key) => api.rollback(key));
  };
  const press = (): void => {
    view.ask('rollback');
  };
  return section(
    'previous',
    heading.rollback,
    html`<div class="row spread">
        <p class="muted">${text}</p>
        ${isPossible ? sending('rollback', button.goBack(to), press, view) : nothing}
      </div>
      ${isPossible ? confirm('rollback', ask.goBack(to), rollBack, view) : nothing}${problem('rollback', view)}`,
  );
}
