/** The status for people: one line for each thing that is so, none for what is not. */
import { noticeOf } from '../core/offer/automatic.ts';
import { branchLabel } from '../core/offer/branch-choice.ts';
import { isHeld } from '../core/offer/decide.ts';
import { formatBytes } from '../core/quantities.ts';
import { describeFollowers, followers } from '../core/release/stepping-stones.ts';
import type { Receipt } from '../core/device/state.ts';
import { compareVersions } from '../core/release/version.ts';
import { describeAuto } from '../device/auto.ts';
import { trustStanding } from '../core/trust/trust-standing.ts';
import { printableLines } from '../core/printable.ts';
import { progressText } from './progress-line.ts';
import type { Status } from '../device/status.ts';
import { signaturesValues, signedText, whatIsWrong } from './signed-text.ts';
import type { Row } from './table.ts';
import { table } from './table.ts';
import { durationText, pastTime } from './times.ts';

export function statusText(status: Status, now: Date): string {
  const rows: Row[] = [
    ['installed', status.current ?? 'none known'],
    ['branch', branchLabel(status.following)],
    ['setup', ...(status.setup === undefined ? [] : [status.setup.message, ...(status.setup.hint === null ? [] : [`hint: ${status.setup.hint}`])])],
    ['signed', ...(status.signed === undefined ? [] : [signedText(status.signed, now).replace(/^signed /, '')])],
    ['available', ...availableValues(status, now)],
    ['then', ...thenValues(status)],
    ['notes', ...notesValues(status)],
    ['downloaded', ...(status.staged === null ? [] : [`${status.staged.version}, verified ${pastTime(new Date(status.staged.at), now)}`])],
    ['running', ...(status.progress === null ? [] : [`${status.progress.step}: ${progressText(status.progress)}`])],
    ['run', ...runValues(status)],
    ['last run', ...killedValues(status)],
    ['signatures', ...signaturesValues(status, now)],
    ['last check', status.last_check === null ? 'never' : pastTime(new Date(status.last_check), now)],
    ['last result', ...(status.last_result === null ? [] : resultValues(status.last_result, now))],
    ['automatic', describeAuto(status.settings)],
    ['rollback', ...rollbackValues(status)],
    ['held', ...heldValues(status, now)],
    ['edited', ...status.drift.map((path) => `'${path}'`)],
    ['notice', ...noticeValues(status)],
  ];
  return table(rows);
}

/** Whether an installation is at work: nothing is to be started beside it, and it is not to be interrupted. */
function isInstalling({ run, progress }: Status): boolean {
  const step = run?.state === 'running' ? run.steps.find(({ state }) => state === 'running')?.step : undefined;
  return [step, progress?.step].some((at) => at === 'apply' || at === 'rollback' || at === 'recover');
}

/** Only while there is one: what came of it is the last result. */
function runValues({ run }: Status): string[] {
  if (run?.state !== 'running') return [];
  const { kind, percent, seconds_left: left } = run;
  const parts = [kind, ...(percent === null ? [] : [`${String(percent)}% done`]), ...(left === null ? [] : [`about ${durationText(left)} left`])];
  return [parts.join(', ')];
}

/** One that was killed, or never began, left no result: the last result is that of the run before. */
function killedValues({ run }: Status): string[] {
  const last = run?.steps.at(-1);
  if (run?.state !== 'ended' || (last?.state !== 'failed' && last?.state !== 'cancelled') || last.outcome !== null || run.message === null) return [];
  return [run.message, ...(run.hint === null ? [] : [`hint: ${run.hint}`])];
}

function noticeValues({ notices }: Status): string[] {
  return notices.length === 0 ? [] : [...notices.map(({ message }) => message), '`pikit-update branch --dismiss` dismisses this'];
}

function availableValues(status: Status, now: Date): string[] {
  const [fact = '', ...more] = unverifiedOffer(status, now) ?? offerValues(status);
  const signed = status.available?.signed;
  if (signed) more.push(signedText(signed, now));
  return isInstalling(status) ? [fact.replace(/; (?:run )?`pikit-update .*$/, '')] : [fact, ...more];
}

/** What cannot be verified now is neither offered nor called the newest; null where it can be, or where this device does not ask for that. */
function unverifiedOffer(status: Status, now: Date): string[] | null {
  const standing = trustStanding(status, now);
  if (standing.is !== 'expired' && standing.is !== 'wrong') return null;
  const why = whatIsWrong(standing.is === 'expired' ? 'METADATA_EXPIRED' : standing.problem.code);
  return [status.available === null ? `unknown: ${why}` : `${status.available.version} cannot be installed now: ${why}`];
}

function offerValues({ available, current, latest, last_check: lastCheck }: Status): string[] {
  if (available === null) {
    if (lastCheck === null || latest === null) return ['unknown; run `pikit-update check`'];
    if (latest === current) return ['no newer release'];
    if (current === null || compareVersions(latest, current) > 0) return [`unknown; the latest was ${latest}; run \`pikit-update check\``];
    return [`no newer release (the latest is ${latest})`];
  }
  const { version, outcome, reason, hint = null, bundle_bytes: bytes, downgrade, automatic } = available;
  const why = reason === null ? '' : `: ${reason}`;
  switch (outcome) {
    case 'available': {
      const facts = [downgrade ? 'a downgrade' : '', bytes === null ? '' : formatBytes(bytes)].filter((fact) => fact !== '');
      const fact = `${version}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}${why}; \`pikit-update apply\` installs it`;
      const notice = reason === null ? noticeOf(automatic) : null;
      return [fact, ...(notice === null ? [] : [notice])];
    }
    case 'held':
      return [`${version} is held${why}`, `\`pikit-update apply --version ${version}\` tries it again`];
    case 'waiting':
    case 'skipped':
      return [`${version} (not automatic)${why}`, '`pikit-update apply` installs it'];
    case 'incompatible':
      return [`${version} cannot be installed on this device${why}`, ...(hint === null ? [] : [`hint: ${hint}`])];
    default:
      return outcome satisfies never;
  }
}

/** The rest of the way to the newest release. */
function thenValues({ available }: Status): string[] {
  const then = available === null ? '' : describeFollowers(followers(available.route ?? [], available.version));
  return then === '' ? [] : [then];
}

/** What is new, from the server: its first lines, and where to read more. */
function notesValues({ available }: Status): string[] {
  if (available === null) return [];
  return [...printableLines(available.notes, 8), ...(available.changelog === '' ? [] : [available.changelog])];
}

function resultValues({ step, outcome, message, at, hint }: Receipt, now: Date): string[] {
  return [`${step}: ${outcome}, ${pastTime(new Date(at), now)}`, message, ...(hint === null ? [] : [`hint: ${hint}`])];
}

function rollbackValues(status: Status): string[] {
  const { rollback, backup_path: path } = status;
  switch (rollback.is) {
    case 'there':
      return [`to ${rollback.to ?? 'the state before the first update'} ('${rollback.path}')`];
    case 'open':
      return isInstalling(status) ? [] : ['an update was interrupted; `pikit-update rollback` resolves it'];
    case 'none':
      return [];
    case 'damaged':
      return [`not possible: the backup '${rollback.path}' is damaged`];
    case 'private':
      return path === null ? [] : [`a backup exists; run as root to see its version`];
    default:
      return rollback satisfies never;
  }
}

/** The one that is on offer was explained there. */
function heldValues({ held, available }: Status, now: Date): string[] {
  const others = held.filter((entry) => isHeld(entry) && (available?.outcome !== 'held' || entry.version !== available.version));
  return others.map(({ version, message, at }) => `${version}: ${message}, ${pastTime(new Date(at), now)}`);
}
