/** How things are in a few words, the facts, and what can be done about it first. */
import type { TemplateResult } from 'lit';
import { html, nothing } from 'lit/html.js';
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import type { Confirmed } from '../../lib/core/offer/foreign-files.ts';
import { branchLabel } from '../model/branch-options.ts';
import { isLeft } from '../model/chip.ts';
import { DAY, formatAgo, formatDate } from '../model/quantities.ts';
import { phaseOf } from '../model/run-steps.ts';
import { plainText } from '../model/text.ts';
import { trustOf } from '../model/trust.ts';
import { chipIcon } from './chip.ts';
import { confirm } from './confirm.ts';
import type { Part } from './section.ts';
import { button, problem, sending } from './section.ts';
import { signers } from './trust.ts';
import type { View } from './view.ts';
import { ownWords } from './words.ts';

/** The heading takes the focus when what had it is gone. */
export function headline(status: StatusAnswer | null, view: View): TemplateResult {
  const { chip, strings } = view;
  const run = status?.run?.state === 'running' ? status.run : null;
  return html`<div class="headline big toned ${chip.tone}">
    ${chipIcon(chip)}
    <div>
      <h3 id="state" tabindex="-1">${run === null || run.kind === 'rollback' ? chip.text : phaseOf(run, strings)}</h3>
      <div class="muted">${run === null ? (status === null ? nothing : subline(status, view)) : run.by === 'timer' ? strings.timer : nothing}</div>
    </div>
  </div>`;
}

/** Why the release on offer is not simply offered. */
function subline({ available, held }: StatusAnswer, { strings: { offer }, chip }: View): unknown {
  if (available === null || chip.kind === 'rolled-back') return nothing;
  const { outcome, version, reason, hint = null } = available;
  if (outcome === 'skipped') return offer.skipped;
  if (outcome !== 'available') return html`${outcome === 'incompatible' ? nothing : offer[outcome]}${ownWords(reason, hint)}`;
  return isLeft(held, version) ? offer.left : nothing;
}

export function facts(status: StatusAnswer, { strings, nowMs }: View): TemplateResult {
  const { current, latest, last_check: last, following, signed } = status;
  const { label, heading } = strings;
  const trust = trustOf(status, nowMs);
  const checked = last === null ? strings.never : html`<span title=${formatDate(last, strings)}>${formatAgo(last, nowMs, strings)}</span>`;
  return html`<dl class="row">
    ${fact(label.current, current ?? strings.nothing)}${fact(label.latest, latest ?? strings.unknown)}
    ${fact(heading.branch, html`<bdi>${branchLabel(following, strings)}</bdi>`)}${fact(label.last, checked)}
    ${signed ? fact(label.signers, signers(signed)) : nothing}
    ${trust.is === 'good' && trust.until !== null ? fact(label.signatures, strings.trust.until(formatDate(trust.until, strings, DAY))) : nothing}
  </dl>`;
}

export function fact(name: string, value: unknown): TemplateResult {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** The one that most people want comes first. One template for all, so that what has the focus stays. */
export function choices(status: StatusAnswer, view: View): TemplateResult {
  const { strings, actions } = view;
  const { run } = status;
  const isRunning = run?.state === 'running';
  const label = strings.button[actions.isBusy('cancel') ? 'cancelling' : 'cancel'];
  const send = (): void => {
    actions.send('cancel', (api) => api.cancel());
  };
  const cancel = isRunning && run.can_cancel ? sending('cancel', label, send, view) : nothing;
  return html`<div class="row actions">${isRunning ? cancel : offers(status, view)}${button(strings.button.logs, view.showLogs, 'quiet')}</div>
    ${['apply', 'check', 'skip', 'cancel'].map((name) => problem(name, view))}`;
}

function offers(status: StatusAnswer, view: View): Part[] {
  const { strings, actions, chip } = view;
  const { available } = status;
  const isOffered = available?.outcome === 'available';
  const send = (): void => {
    actions.send('check', (api) => api.check());
  };
  const check = sending('check', strings.button.check, send, view, isOffered || chip.tone === 'ok' || status.rollback.is === 'open' ? '' : 'primary');
  // Root would refuse what it cannot verify.
  if (available === null || /^(expired|wrong)$/.test(trustOf(status, view.nowMs).is)) return [check];
  const apply = install(available, status, view);
  const last = skip(available, view);
  return isOffered ? [apply, check, last] : [check, apply, last];
}

type Available = NonNullable<StatusAnswer['available']>;

function install(available: Available, { staged, current }: StatusAnswer, view: View): Part {
  const { version, outcome, downgrade, manifest_sha256: sha256 } = available;
  if (outcome === 'incompatible') return nothing;
  const { ask, button: labels } = view.strings;
  const label = outcome === 'held' ? labels.retry : staged?.version === version ? labels.install : labels.download;
  const replace = ownersFiles(view);
  const questions = [
    view.chip.kind === 'broken' ? ask.broken(version) : downgrade ? ask.downgrade(version, current) : outcome === 'held' ? ask.held(version) : null,
    replace.length > 0 ? ask.foreign(version, replace.map(({ path }) => plainText(path)).join(', ')) : null,
  ].filter((question) => question !== null);
  const question = questions.length === 0 ? null : questions.join(' ');
  const apply = (): void => {
    view.actions.sendOnce('apply', `${version} ${sha256}`, (api, key) => api.apply(available, key, replace));
  };
  const press = (): void => {
    view.ask('apply');
  };
  return html`${sending('apply', label, question === null ? apply : press, view, outcome === 'available' ? 'primary' : '')}
  ${question === null ? nothing : confirm('apply', question, apply, view)}`;
}

/** Files of the owner that only the owner may give up. One that the API may not read cannot be confirmed from here. */
function ownersFiles({ plan }: View): Confirmed[] {
  return (plan.value?.plan?.foreign ?? []).flatMap(({ path, sha256, confirm: asks }) => (asks && sha256 !== null ? [{ path, sha256 }] : []));
}

function skip({ version, outcome }: Available, view: View): Part {
  const isSkipped = outcome === 'skipped';
  if (!isSkipped && outcome !== 'available') return nothing;
  const { button: labels } = view.strings;
  const send = (): void => {
    view.actions.send('skip', (api) => api.skip(isSkipped ? null : version));
  };
  return sending('skip', isSkipped ? labels.unskip : labels.skip, send, view, 'quiet');
}
