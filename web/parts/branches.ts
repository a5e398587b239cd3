/** Which branch is followed, and which others there are: hidden ones by their name. */
import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit/html.js';
import type { BranchesAnswer, StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import { branchLabel, branchOptions } from '../model/branch-options.ts';
import type { Chosen } from './section.ts';
import { fetched, folded, form } from './section.ts';
import { signers } from './trust.ts';
import type { View } from './view.ts';

export function branches({ following }: StatusAnswer, view: View): TemplateResult {
  const { strings } = view;
  return folded(
    'branch',
    [strings.heading.branch, branchLabel(following, strings)],
    () => fetched(view.branches, (answer) => chooser(answer, view), view),
    view,
  );
}

/** What is typed goes before what is ticked. What is followed already is looked at again: it may be enabled by now. */
function chooser(answer: BranchesAnswer, view: View): TemplateResult {
  const { strings, actions } = view;
  const choices = branchOptions(answer, strings).map(
    ({ name, label, description, version, disabled, selected, keys }) =>
      html`<label class="choice">
        <input type="radio" name="branch" value=${name} ?disabled=${disabled} .checked=${selected} />
        <span
          ><bdi>${label}</bdi> <span class="muted">${version}</span><br /><bdi class="muted small">${description}</bdi
          >${keys === null ? nothing : html`<br /><span class="muted small">${strings.label.signers}: ${signers({ keys })}</span>`}</span
        >
      </label>`,
  );
  const fields = html`<fieldset class="all" @change=${untype}>
      <legend class="hidden">${strings.heading.branch}</legend>
      ${choices}
    </fieldset>
    <label class="field">
      ${strings.label.other}
      <span class="muted small">${strings.branch.invalid}</span>
      <input name="other" autocomplete="off" autocapitalize="off" spellcheck="false" dir="ltr" pattern="[a-z0-9_]{1,64}" />
    </label>`;
  const send = (chosen: Chosen): void => {
    const name = chosen['other'] || chosen['branch'];
    if (typeof name === 'string') actions.send('branch', (api) => (name === answer.selected ? api.check() : api.branch(name)));
  };
  return form('branch', strings.button.use, fields, send, view);
}

/** What is ticked after something was typed is what is meant. */
function untype({ currentTarget: choices }: Event): void {
  const other = choices instanceof HTMLFieldSetElement ? choices.form?.elements.namedItem('other') : null;
  if (other instanceof HTMLInputElement) other.value = '';
}
