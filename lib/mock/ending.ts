/** What a device of the mock is after a run: the same as a real one, as far as a dashboard can see. */
import type { StatusAnswer } from '../core/http-api/api-answers.ts';
import { applySkipToState } from '../core/offer/skip-choice.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { Run, RunStep } from '../core/run/run.ts';
import type { HeldVersion, Receipt } from '../core/device/state.ts';
import type { PlayedFailure, Story } from './types.ts';

/** Codes that speak against the version itself: it is held. */
const VERDICTS: readonly ErrorCode[] = ['SERVICE_FAILED', 'PROBE_FAILED', 'POST_INSTALL_FAILED'];

/** The status after the end of a run, whose last moment `run` is. */
export function endOf(story: Story, run: Run, at: Date): StatusAnswer {
  const { base } = story;
  const receipt = receiptOf(story, run, at);
  const common: StatusAnswer = { ...base, progress: null, last_result: receipt, run: endedRun(run, receipt) };
  if (receipt.outcome === 'ok' || receipt.outcome === 'nothing') return applySkipToState({ ...common, ...succeeded(story, receipt) });
  return receipt.outcome === 'rolled-back' ? { ...common, ...held(story, receipt) } : common;
}

function receiptOf(story: Story, run: Run, at: Date): Receipt {
  const { defaults, base, end } = story;
  const last = run.steps.findLast(({ state }) => state === 'running' || state === 'done');
  const began = last?.started ?? run.started;
  const common: Receipt = {
    ...defaults.last_result,
    step: last?.step ?? defaults.last_result.step,
    at: at.toISOString(),
    from: base.current,
    to: run.version,
    branch: base.branch,
    duration_ms: Math.max(0, at.getTime() - Date.parse(began)),
    code: null,
    hint: null,
    subject: null,
    lines: [],
    drift: [],
    kept: [],
  };
  if (typeof end !== 'string' && run.phase !== null && isItsEnd(end, run)) {
    const { outcome, message, code, hint, subject } = end;
    const told =
      outcome === 'rolled-back'
        ? `installing ${run.version ?? ''} failed: ${message}. The device is still on ${base.current ?? 'no release'}`
        : message;
    return { ...common, outcome, message: told, code, hint, subject };
  }
  const outcome = end === 'nothing' ? 'nothing' : 'ok';
  return {
    ...common,
    outcome,
    message: outcome === 'nothing' ? `${base.current ?? 'nothing'} is installed and there is nothing newer` : done(story, run),
  };
}

/** A failure of a step that the run does not come to is not its end. */
function isItsEnd(end: PlayedFailure, run: Run): boolean {
  return end.code === 'CANCELLED' || run.steps.some(({ step, state }) => step === end.step && state === 'running');
}

function done({ kind, base, defaults }: Story, run: Run): string {
  const version = run.version ?? 'no release';
  const from = base.current ?? 'nothing';
  switch (kind) {
    case 'check':
      return `${defaults.available.version} is available (installed: ${from})`;
    case 'download':
      return `${version} is downloaded and verified`;
    case 'update':
      return `${version} is installed (before: ${from})`;
    case 'rollback':
      return `rolled back from ${from} to ${version}`;
    case 'recovery':
      return `installing ${defaults.available.version} failed: the update was interrupted. The device is still on ${from}`;
    default:
      return kind satisfies never;
  }
}

function endedRun(run: Run, receipt: Receipt): Run {
  const isWell = receipt.outcome === 'ok' || receipt.outcome === 'nothing';
  const state = isWell ? 'done' : receipt.outcome === 'cancelled' ? 'cancelled' : 'failed';
  return {
    ...run,
    state: 'ended',
    ended: receipt.at,
    steps: run.steps.filter((step) => isWell || step.state !== 'waiting').map((step) => endedStep(step, state, receipt)),
    phase: null,
    percent: isWell ? 100 : run.percent,
    bytes: null,
    total_bytes: null,
    rate_bytes_per_s: null,
    seconds_left: null,
    can_cancel: false,
    outcome: receipt.outcome,
    code: receipt.code,
    message: receipt.message,
    hint: receipt.hint,
  };
}

function endedStep(step: RunStep, state: RunStep['state'], { at, outcome }: Receipt): RunStep {
  return step.state === 'done' ? step : { ...step, state, started: step.started ?? at, ended: at, outcome };
}

function succeeded({ kind, base, defaults }: Story, receipt: Receipt): Partial<StatusAnswer> {
  const isFound = receipt.outcome === 'ok';
  const offer = base.available ?? defaults.available;
  switch (kind) {
    case 'check':
      return { last_check: receipt.at, available: isFound ? offer : null, latest: isFound ? offer.version : base.current };
    case 'download':
      return isFound ? { last_check: receipt.at, available: offer, latest: offer.version, staged: staged(offer, receipt) } : {};
    case 'update':
      return isFound
        ? {
            ...installed(
              base,
              offer.version,
              receipt,
              base.held.filter(({ version }) => version !== offer.version),
            ),
            ...(offer.signed ? { signed: offer.signed } : {}),
          }
        : {};
    case 'rollback':
      if (!isFound) return {};
      return { ...installed(base, receipt.to, receipt, [...base.held, heldEntry(base.current, 'rolled-back', receipt)]), rollback: { is: 'none' } };
    case 'recovery':
      return {};
    default:
      return kind satisfies never;
  }
}

function staged(offer: NonNullable<StatusAnswer['available']>, { at }: Receipt): StatusAnswer['staged'] {
  return { version: offer.version, branch: offer.branch, manifest_sha256: offer.manifest_sha256, at };
}

function installed(base: StatusAnswer, current: string | null, { at }: Receipt, versions: HeldVersion[]): Partial<StatusAnswer> {
  const path = `/var/backups/pikit/${at.replace(/[-:]|\.\d+/g, '')}-${base.current ?? 'none'}`;
  return {
    current,
    available: null,
    staged: null,
    held: versions,
    installed_branch: base.branch,
    backup_path: path,
    rollback: { is: 'there', path, from: current, to: base.current, created: at },
  };
}

/** What failed here is not offered again; what merely did not come to an end is. */
function held({ base }: Story, receipt: Receipt): Partial<StatusAnswer> {
  const { available } = base;
  if (available === null || !VERDICTS.some((code) => code === receipt.code)) return {};
  const entry = heldEntry(available.version, 'failed', receipt);
  return {
    held: [...base.held.filter(({ version }) => version !== entry.version), entry],
    staged: null,
    available: { ...available, outcome: 'held', reason: `it failed here before (${entry.message})` },
  };
}

function heldEntry(version: string | null, reason: HeldVersion['reason'], { at, code, message }: Receipt): HeldVersion {
  const why = reason === 'rolled-back' ? 'you rolled it back' : message.replace(/^installing .*? failed: |\. The device is still on .*$/g, '');
  return { version: version ?? '0.0.0', reason, code, message: why, at, attempts: reason === 'failed' ? 1 : 0 };
}
