/** The journal as it is written: followed while it is unfolded, with a filter, and to be copied. */
import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit/html.js';
import type { LogLine } from '../../lib/core/http-api/api-answers.ts';
import type { LogsView } from '../api/follow-logs.ts';
import { followLogs } from '../api/follow-logs.ts';
import { copyText } from '../copy.ts';
import type { LogFilter } from '../model/log-filter.ts';
import { filterLines, levelOf, logText } from '../model/log-filter.ts';
import { CLOCK, formatDate } from '../model/quantities.ts';
import { plainText } from '../model/text.ts';
import { awaited, folded } from './section.ts';
import type { View } from './view.ts';

const EMPTY: LogsView = { lines: [], isCut: false, link: { is: 'connecting' } };
export class LogPanel {
  #seen = EMPTY;
  #filter: LogFilter = { text: '', errorsOnly: false };
  #copied: 'copy' | 'copied' | 'notCopied' = 'copy';
  #stream: { close: () => void; retry: () => void } | null = null;
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  follow(base: string, query: string): void {
    this.#stream ??= followLogs({
      base,
      query,
      on: (seen) => {
        if (seen.lines !== this.#seen.lines) this.#copied = 'copy';
        this.#seen = seen;
        this.#changed();
      },
    });
  }

  stop(): void {
    this.#stream?.close();
    this.#stream = null;
    this.#seen = EMPTY;
  }

  show(view: View): TemplateResult {
    return folded('logs', [view.strings.heading.logs, ''], () => this.#content(view), view);
  }

  #content(view: View): TemplateResult {
    const { strings } = view;
    const { label, button: labels, logs } = strings;
    const { lines, isCut } = this.#seen;
    const shown = filterLines(lines, this.#filter);
    const copy = async ({ currentTarget: near }: Event): Promise<void> => {
      this.#copied = near instanceof HTMLElement && (await copyText(logText(shown), near)) ? 'copied' : 'notCopied';
      this.#changed();
    };
    return html`<div class="row fields">
        <label class="field">${label.filter}<input type="search" autocomplete="off" .value=${this.#filter.text} @input=${this.#chosen} /></label>
        <label class="choice"><input type="checkbox" .checked=${this.#filter.errorsOnly} @change=${this.#chosen} />${label.errorsOnly}</label>
        <button @click=${copy}>${labels[this.#copied]}</button>
      </div>
      ${this.#connection(view)}${isCut ? html`<p class="small muted">${logs.cut(lines.length)}</p>` : nothing}
      <div class="log tall mono" role="log" aria-live="off" aria-label=${strings.heading.logs} tabindex="0">
        <div>${shown.length === 0 ? html`<p>${logs.empty}</p>` : shown.map((line) => html`<p>${lineText(line, view)}</p>`)}</div>
      </div>`;
  }

  #connection(view: View): unknown {
    const { link } = this.#seen;
    return link.is === 'live' ? nothing : awaited(link, () => this.#stream?.retry(), view);
  }

  readonly #chosen = ({ currentTarget: field }: Event): void => {
    if (!(field instanceof HTMLInputElement)) return;
    const change = field.type === 'checkbox' ? { errorsOnly: field.checked } : { text: field.value };
    this.#filter = { ...this.#filter, ...change };
    this.#copied = 'copy';
    this.#changed();
  };
}

function lineText(line: LogLine, { strings }: View): unknown[] {
  const level = levelOf(line);
  return [
    html`<span class="muted">${formatDate(line.time, strings, CLOCK)} ${plainText(line.unit)} </span>`,
    level === 'info' ? nothing : html`<strong class="tone ${level === 'error' ? 'danger' : 'warning'}">${strings.logs[level]} </strong>`,
    plainText(line.message),
  ];
}
