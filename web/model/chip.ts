/** What the chip says: the one thing about updates that its owner should know now. */
import type { StatusAnswer } from '../../lib/core/http-api/api-answers.ts';
import type { Run } from '../../lib/core/run/run.ts';
import type { Link } from '../api/link.ts';
import type { Strings } from '../strings/en.ts';
import { DAY, formatDate } from './quantities.ts';
import { staleness } from './stale.ts';
import { joined } from './text.ts';
import { trustOf } from './trust.ts';
import { verdictOf } from './verdict.ts';

export type ChipKind =
  | 'connecting'
  | 'slow'
  | 'not-allowed'
  | 'gone'
  | 'checking'
  | 'downloading'
  | 'installing'
  | 'rolling-back'
  | 'recovering'
  | 'broken'
  | 'failed'
  | 'rolled-back'
  | 'offline'
  | 'available'
  | 'stale'
  | 'untrusted'
  | 'held'
  | 'waiting'
  | 'incompatible'
  | 'skipped'
  | 'up-to-date';

export interface Chip {
  kind: ChipKind;
  text: string;
  /** Beside any other text: this was the last known state, and it may have changed. */
  note: string | null;
  /** Of the download, or of the whole run; below 100. */
  percent: number | null;
  tone: 'neutral' | 'ok' | 'busy' | 'info' | 'warning' | 'danger';
  /** All of it as one name for the button, in the order in which it is shown. */
  name: string;
}

type Says = [kind: ChipKind, text: string, tone: Chip['tone'], percent?: number | null];

export function chipOf(view: { status: StatusAnswer | null; link: Link; nowMs: number }, strings: Strings): Chip {
  const { link } = view;
  const [kind, text, tone, percent = null] = saysOf(view, strings);
  const note = link.is === 'reconnecting' ? strings.reconnecting : null;
  const name = `${strings.title}: ${joined([text, note], ', ')}`;
  return { kind, text, tone, percent, note, name };
}

/** The first of these that is so. */
function saysOf({ status, link, nowMs }: Parameters<typeof chipOf>[0], strings: Strings): Says {
  const { chip } = strings;
  if (link.is === 'gone') {
    const { code } = link.failure;
    const kind = code === 'NOT_ALLOWED' ? 'not-allowed' : 'gone';
    return [kind, code in strings.gone || /^SYS/.test(code) ? chip[kind] : chip.problem, 'warning'];
  }
  if (status === null) return link.is === 'slow' ? ['slow', chip.slow, 'warning'] : ['connecting', chip.connecting, 'neutral'];
  if (status.run?.state === 'running') return ofRun(status.run, status.progress?.percent ?? null, strings);
  return ofFailure(status, strings) ?? ofOffer(status, nowMs, strings);
}

function ofRun({ kind, phase, percent, steps }: Run, loaded: number | null, { phases, percent: percentText }: Strings): Says {
  const busy = (is: ChipKind, named: keyof typeof phases): Says => [is, `${phases[named]}…`, 'busy', below100(percent)];
  if (kind === 'rollback' || phase === 'going-back') return busy('rolling-back', 'going-back');
  if (kind === 'recovery') return busy('recovering', 'recovering');
  const step = steps.find(({ state }) => state === 'running')?.step;
  if (kind === 'check' || step === 'check' || phase === 'checking') return busy('checking', 'checking');
  if (phase === 'unpacking') return busy('downloading', phase);
  if (step === undefined) return busy('installing', 'waiting');
  if (kind === 'update' && (phase === null ? step !== 'fetch' : phase !== 'downloading')) return busy('installing', 'installing');
  const done = below100(loaded);
  return ['downloading', phases.downloading + (done === null ? '…' : ` ${percentText(done)}`), 'busy', done];
}

/** 100 is read as done. */
function below100(percent: number | null): number | null {
  return percent && Math.min(99, Math.floor(percent));
}

function ofFailure(status: StatusAnswer, strings: Strings): Says | null {
  const { chip, failed, steps } = strings;
  const verdict = verdictOf(status);
  if (verdict?.outcome === 'broken') return ['broken', chip.broken, 'danger'];
  if (status.rollback.is === 'open') return ['failed', chip.interrupted, 'danger'];
  if (verdict === null) return null;
  const { outcome, step, code } = verdict;
  if (outcome === 'rolled-back') return [outcome, chip[outcome], 'warning'];
  if (step === 'check' && /^(OFFLINE|SERVER)/.test(code ?? '')) return ['offline', chip[code === 'OFFLINE' ? 'offline' : 'no-server'], 'warning'];
  if (code === 'METADATA_EXPIRED') return expired(status.trust?.good ?? null, strings);
  return /^(SIGN|META|TRU)/.test(code ?? '') ? ['untrusted', chip.untrusted, 'danger'] : ['failed', failed(steps[step]), 'danger'];
}

function expired(good: string | null, strings: Strings): Says {
  return ['stale', strings.chip.expired(good === null ? null : formatDate(good, strings, DAY)), 'warning'];
}

/** What cannot be verified is not offered, and never called up to date. */
function ofOffer(status: StatusAnswer, nowMs: number, strings: Strings): Says {
  const { chip } = strings;
  const trust = trustOf(status, nowMs);
  if (trust.is === 'wrong') return ['untrusted', chip.untrusted, 'danger'];
  if (trust.is === 'expired') return expired(trust.good, strings);
  const { available, current, latest, held } = status;
  if (available?.outcome === 'available') {
    const { version, downgrade } = available;
    return ['available', chip[current === null ? 'first' : downgrade ? 'downgrade' : 'available'](version), 'info'];
  }
  const days = staleness(status, nowMs);
  if (days === 'never') return ['stale', chip['never-checked'], 'neutral'];
  if (days !== null) return ['stale', chip.stale(days), 'warning'];
  if (available === null) {
    // What the owner left may be offered again: the next check says so.
    return current !== null && isLeft(held, latest) ? ['stale', chip.left(current), 'neutral'] : ['up-to-date', chip['up-to-date'], 'ok'];
  }
  const { outcome, version } = available;
  return [outcome, chip[outcome](version), outcome === 'held' ? 'warning' : 'neutral'];
}

/** Whether the owner went back from this version. */
export function isLeft(held: StatusAnswer['held'], version: string | null): boolean {
  return held.some((one) => one.version === version && one.reason === 'rolled-back');
}
