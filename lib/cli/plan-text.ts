/** The plan for people: a summary, then file by file. */
import type { ForeignFile } from '../core/offer/foreign-files.ts';
import { signersOf } from '../core/trust/signed-words.ts';
import { confirmCommand } from '../core/offer/foreign-files.ts';
import type { PlanSummary, PlannedFile } from '../core/device/plan-summary.ts';
import { describeFollowers, followers } from '../core/release/stepping-stones.ts';
import { printable } from '../core/printable.ts';
import type { Row } from './table.ts';
import { counted, formatBytes } from '../core/quantities.ts';
import { table } from './table.ts';

export function planText(plan: PlanSummary): string {
  const { removed, edited, conflicts, foreign, left, problem, shadows, unrestarted } = plan;
  const rows: Row[] = [
    [
      'release',
      `${plan.from ?? 'nothing'} → ${plan.version}, branch ${plan.branch}${plan.outcome === 'available' ? '' : ` (${plan.outcome}: ${plan.reason ?? ''})`}`,
    ],
    ['then', ...(plan.route.length > 1 ? [describeFollowers(followers(plan.route, plan.version))] : [])],
    ['signed by', ...(plan.signed === undefined ? [] : [signersOf(plan.signed)])],
    ['download', downloadText(plan)],
    ['files', filesText(plan)],
    [
      'space',
      ...plan.rooms.map((room) => `${formatBytes(room.needed_bytes)} of ${formatBytes(room.free_bytes)} free, on the filesystem of '${room.dir}'`),
    ],
    ['restarts', ...plan.restarts.map((unit) => `${unit}, if it exists`)],
    ['runs', ...plan.commands],
    ['foreign', ...(foreign ?? []).map(foreignText)],
    ['not restarted', ...unrestarted.map((path) => `nothing restarts '${path}'; add its unit to services.restart`)],
    ['shadows', ...shadows.map(({ path, command }) => `'${path}' will run instead of the system command '${command}'`)],
    ['edited', ...(edited ?? []).map((path) => `'${path}' was edited; a copy is kept in ${KEPT_IN}`)],
    ['left', ...(left ?? []).map((path) => `'${path}' will not be removed: it is no longer managed`)],
    ['conflicts', ...(conflicts ?? []).map((path) => `'${path.replace(/\.pikit-new$/, '')}' stays as it is; the new version is '${path}'`)],
  ];
  const lines = [
    ...plan.added.map((file) => fileLine('+', file)),
    ...plan.changed.map((file) => fileLine('~', file)),
    ...(removed ?? []).map((file) => fileLine('-', file)),
  ];
  const toConfirm = (foreign ?? []).filter(({ confirm }) => confirm).map(({ path }) => path);
  const warnings = [
    ...(toConfirm.length === 0
      ? []
      : [`files that no release installed are in the way; \`${confirmCommand(toConfirm)}\` replaces them and keeps copies`]),
    ...(removed === null ? ['only root can see which files are removed or edited; run `sudo pikit-update plan`'] : []),
    ...(problem === null ? [] : [problem.message, ...(problem.hint === null ? [] : [problem.hint])]),
  ];
  return `${table(rows)}${lines.length === 0 ? '' : `\n${lines.join('')}`}${warnings.map((warning) => `warning: ${printable(warning)}\n`).join('')}`;
}

const KEPT_IN = '/var/lib/pikit/edited';

function foreignText({ path, confirm }: ForeignFile): string {
  return `no release installed '${path}'; it will be replaced${confirm ? ' only if you confirm it' : ''}, and a copy is kept in ${KEPT_IN}`;
}

function downloadText({ staged, proxy, download_bytes: bytes }: PlanSummary): string {
  if (staged) return 'nothing; the release is downloaded and verified';
  return `${bytes === null ? 'of unknown size' : formatBytes(bytes)}${proxy === null ? '' : ` through the proxy '${proxy}'`}`;
}

function filesText({ added, changed, removed, unchanged }: PlanSummary): string {
  const gone = removed === null ? [] : [`${String(removed.length)} removed`];
  return [`${String(added.length)} new`, `${String(changed.length)} changed`, ...gone, `${counted(unchanged, 'file')} unchanged`].join(', ');
}

function fileLine(sign: string, { path, old_bytes: old, new_bytes: fresh }: PlannedFile): string {
  const size = old !== null && fresh !== null ? `${formatBytes(old)} → ${formatBytes(fresh)}` : formatBytes(fresh ?? old ?? 0);
  return `${sign} ${printable(path)}  ${size}\n`;
}
