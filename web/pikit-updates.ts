/**
 * <pikit-updates>: a chip that says how the device is, and a dialog (or with `inline` a panel) with everything that can be done.
 * What is shown follows from the last status alone, so nothing is lost when this page, the API or the device restarts.
 *
 *   api     where the API is; default /api/update       query   added to each request, such as state=downloading
 *   lang    en or de; default: that of the page around  once    a single look, no stream
 *   theme   light or dark; default: that of the page    inline  a panel in the page     open  the dialog is shown
 *
 * Dispatches `pikit-updates-changed` with the chip as `detail`, whenever that says something else.
 */
import { html, nothing, render } from 'lit/html.js';
import type { AutoAnswer, BranchesAnswer, HistoryAnswer, PlanAnswer, StatusAnswer } from '../lib/core/http-api/api-answers.ts';
import { Actions } from './actions.ts';
import { Announcer } from './announcer.ts';
import type { Api } from './api/requests.ts';
import { connectApi } from './api/requests.ts';
import type { Link, Watch } from './api/link.ts';
import { watchStatus } from './api/watch-status.ts';
import { fetchShown } from './fetch-shown.ts';
import { Focus } from './focus.ts';
import { Language } from './language.ts';
import { Lazy } from './lazy.ts';
import { replacedSinceLoaded } from './loaded.ts';
import { announcementOf } from './model/announcement.ts';
import type { Chip } from './model/chip.ts';
import { chipOf } from './model/chip.ts';
import { replacedBy } from './model/replaced.ts';
import { isDueAnew, isOwnPageOutdated, loadAnew } from './own-page.ts';
import { chipButton } from './parts/chip.ts';
import { icon } from './parts/icons.ts';
import { LogPanel } from './parts/logs.ts';
import { panel } from './parts/panel.ts';
import type { Fold, Question, View } from './parts/view.ts';
import type { Strings } from './strings/en.ts';
import { sheet } from './styles/sheet.ts';

/** How often `2 minutes ago` is put right. */
const CLOCK_MS = 30_000;

class PikitUpdates extends HTMLElement implements View {
  static readonly observedAttributes = ['api', 'query', 'once', 'inline', 'open', 'lang'];

  nowMs = 0;
  link: Link = { is: 'connecting' };
  question: Question | null = null;
  replaced: string | null = null;
  readonly unfolded = new Set<Fold>();

  #isDue = false;
  #modal: HTMLDialogElement | null = null; // The browser closes it before it says so.
  readonly #root = this.attachShadow({ mode: 'open' });
  readonly #changed = (): void => {
    if (!this.#isDue) queueMicrotask(this.#draw);
    this.#isDue = true;
  };
  readonly #language = new Language(this.#changed);
  #requests: Api = connectApi('', '');
  readonly actions = new Actions({ api: () => this.#requests, changed: this.#changed, granted: () => this.#watch?.look() });
  readonly logs = new LogPanel(this.#changed);
  readonly plan = new Lazy<PlanAnswer>(() => this.#requests.plan(), this.#changed);
  readonly branches = new Lazy<BranchesAnswer>(() => this.#requests.branches(), this.#changed);
  readonly history = new Lazy<HistoryAnswer>(() => this.#requests.history(), this.#changed);
  readonly automatic = new Lazy<AutoAnswer>(() => this.#requests.auto(), this.#changed);

  #isOutdated = false;
  #status: StatusAnswer | null = null;
  chip: Chip = this.#look();
  #watch: Watch | null = null;
  #clock: ReturnType<typeof setInterval> | undefined;
  /** How often the device was reached. */
  #times = 0;
  readonly #announcer = new Announcer();
  readonly #focus = new Focus(this.#root);

  get strings(): Strings {
    return this.#language.strings;
  }

  get #isOpen(): boolean {
    return this.hasAttribute('open');
  }

  get #isShown(): boolean {
    return this.#isOpen || this.hasAttribute('inline');
  }

  get #address(): [string, string] {
    return [this.getAttribute('api') ?? '/api/update', this.getAttribute('query') ?? ''];
  }

  connectedCallback(): void {
    this.#root.adoptedStyleSheets = [sheet];
    this.#clock = setInterval(this.#changed, CLOCK_MS);
    this.#connect();
  }

  disconnectedCallback(): void {
    clearInterval(this.#clock);
    this.#watch?.close();
    this.#watch = null;
    if (this.#modal !== null) this.#modal.open = false; // It is not shown any more, and says that it is.
    this.#modal = null;
    this.logs.stop();
  }

  attributeChangedCallback(name: string): void {
    if (this.#watch !== null && ['api', 'query', 'once'].includes(name)) this.#connect();
    if (name === 'open') {
      this.#announcer.hush();
      this.question = null;
    }
    this.#changed();
  }

  ask(question: Question | null): void {
    this.question = question;
    if (question === null) this.#focus.giveBack();
    else this.#focus.lend('.no');
    this.#changed();
  }

  unfold(fold: Fold, isOpen: boolean): void {
    if (isOpen) this.unfolded.add(fold);
    else this.unfolded.delete(fold);
    this.#changed();
  }

  readonly showLogs = (): void => {
    this.unfold('logs', true);
    this.#focus.moveTo('[aria-labelledby=logs] summary');
  };

  readonly retry = (): void => {
    this.#watch?.retry();
  };

  readonly #draw = (): void => {
    this.#isDue = false;
    if (!this.isConnected) return;
    this.#language.follow(this);
    if (!this.#language.isThere) {
      // No words in a language that may not be the reader's.
      render(this.hasAttribute('inline') ? nothing : chipButton({ ...this.chip, text: '', name: this.strings.title }, false, this.#show), this.#root);
      return;
    }
    const keepFocus = this.#focus.keep();
    const before = JSON.stringify(this.chip);
    const chip = (this.chip = this.#look());
    if (chip.kind !== 'connecting') this.#announcer.take(announcementOf(chip, this.#status, this.strings));
    render(this.#content(), this.#root);
    this.#toggle();
    if (this.#isShown && this.unfolded.has('logs')) this.logs.follow(...this.#address);
    else this.logs.stop();
    if (this.#isShown && this.link.is === 'live' && this.#status !== null) fetchShown(this.#status, this.#times, this);
    keepFocus();
    if (JSON.stringify(chip) !== before)
      this.dispatchEvent(new CustomEvent('pikit-updates-changed', { detail: chip, bubbles: true, composed: true }));
  };

  #content(): unknown {
    const { strings } = this;
    const said = html`<div class="hidden" role="status">${this.#announcer.said}</div>`;
    const body = this.#isShown ? [panel(this.#status, this), said] : nothing;
    if (this.hasAttribute('inline')) return html`<div class="panel" lang=${strings.lang} @keydown=${this.#pressed}>${body}</div>`;
    return html`<div lang=${strings.lang}>
      ${chipButton(this.chip, this.#isOpen, this.#show)}${this.#isOpen ? nothing : said}
      <dialog aria-labelledby="title" closedby="any" @close=${this.#hide} @keydown=${this.#pressed}>
        <div class="head">
          <h2 id="title" class="grow">${strings.title}</h2>
          <button class="quiet" aria-label=${strings.button.close} @click=${this.#hide}>${icon('close')}</button>
        </div>
        ${body}
      </dialog>
    </div>`;
  }

  readonly #show = (): void => {
    // Not every browser gives it the focus, which comes back to where it was.
    this.#root.querySelector('button')?.focus();
    this.toggleAttribute('open', true);
  };

  readonly #hide = (): void => {
    this.toggleAttribute('open', false);
  };

  #toggle(): void {
    const dialog = this.#root.querySelector('dialog');
    if (dialog === null || this.#isOpen === (this.#modal === dialog)) return;
    this.#modal = this.#isOpen ? dialog : null;
    if (this.#isOpen) {
      dialog.showModal();
      this.#focus.moveTo('#state');
    } else dialog.close(); // The focus goes back to where it was.
  }

  readonly #pressed = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || this.#root.querySelector('.no') === null) return;
    // Only the question goes, not the dialog with it.
    event.preventDefault();
    this.ask(null);
  };

  #connect(): void {
    const [base, query] = this.#address;
    this.#watch?.close();
    this.#requests = connectApi(base, query);
    this.#status = null;
    this.replaced = null;
    for (const lazy of [this.plan, this.branches, this.history, this.automatic]) lazy.forget();
    this.logs.stop();
    this.#watch = watchStatus({ base, query, once: this.hasAttribute('once'), on: this.#take });
  }

  readonly #take = (status: StatusAnswer | null, link: Link): void => {
    if (link.is === 'live' && this.link.is !== 'live') this.#times += 1;
    this.#status = status;
    this.link = link;
    if (status !== null) {
      this.replaced = this.#replacement(status);
      void this.#askForPage();
      const { run, available } = status;
      if (this.actions.turnTo([run?.id, run?.state, available?.version, available?.manifest_sha256].join())) this.question = null;
    }
    this.#changed();
  };

  /** The version that this page is not of. */
  #replacement(status: StatusAnswer): string | null {
    return replacedSinceLoaded(this.#address.join(), status) ?? (this.#isOutdated ? replacedBy(null, status) : null);
  }

  /** A page from the browser's cache may have been old when it came. */
  async #askForPage(): Promise<void> {
    if (this.#isOutdated || !(await isOwnPageOutdated())) return;
    this.#isOutdated = true;
    if (this.#status !== null) this.replaced = this.#replacement(this.#status);
    if (this.replaced !== null && !this.#isOpen && isDueAnew()) await loadAnew();
    this.#changed();
  }

  #look(): Chip {
    this.nowMs = Date.now();
    return chipOf({ status: this.#status, link: this.link, nowMs: this.nowMs }, this.strings);
  }
}

// A page may have the module twice.
if (customElements.get('pikit-updates') === undefined) customElements.define('pikit-updates', PikitUpdates);
