/** The plan for people: a summary, then file by file. */
import type { PlanSummary, PlannedFile } from '../core/plan-summary.ts';
import { formatBytes } from '../core/quantities.ts';
import { printable } from './printable.ts';
import type { Row } from './table.ts';
import { counted, table } from './table.ts';

export function planText(plan: PlanSummary): string {
  const { removed, edited, conflicts, problem } = plan;
  const rows: Row[] = [
    [
      'release',
      `${plan.from ?? 'nothing'} → ${plan.version}, branch ${plan.branch}${plan.outcome === 'available' ? '' : ` (${plan.outcome}: ${plan.reason ?? ''})`}`,
    ],
    ['download', downloadText(plan)],
    ['files', filesText(plan)],
    [
      'space',
      ...plan.rooms.map((room) => `${formatBytes(room.needed_bytes)} of ${formatBytes(room.free_bytes)} free, on the filesystem of '${room.dir}'`),
    ],
    ['restarts', ...plan.restarts.map((unit) => `${unit}, if it is there`)],
    ['runs', ...plan.commands],
    ['edited', ...(edited ?? []).map((path) => `'${path}': your version is kept in the backup`)],
    ['conflicts', ...(conflicts ?? []).map((path) => `'${path.replace(/\.pikit-new$/, '')}' stays yours; the new one is '${path}'`)],
  ];
  const lines = [
    ...plan.added.map((file) => fileLine('+', file)),
    ...plan.changed.map((file) => fileLine('~', file)),
    ...(removed ?? []).map((file) => fileLine('-', file)),
  ];
  const warnings = [
    ...(removed === null ? ['only root can see which files are removed or were edited: sudo pikit-update plan'] : []),
    ...(problem === null ? [] : [problem.message, ...(problem.hint === null ? [] : [problem.hint])]),
  ];
  return `${table(rows)}${lines.length === 0 ? '' : `\n${lines.join('')}`}${warnings.map((warning) => `warning: ${printable(warning)}\n`).join('')}`;
}

function downloadText({ staged, proxy, download_bytes: bytes }: PlanSummary): string {
  if (staged) return 'nothing: it is downloaded and verified';
  return `${bytes === null ? 'of unknown size' : formatBytes(bytes)}${proxy === null ? '' : ` through the proxy '${proxy}'`}`;
}

function filesText({ added, changed, removed, unchanged }: PlanSummary): string {
  const gone = removed === null ? [] : [`${String(removed.length)} removed`];
  return [`${String(added.length)} new`, `${String(changed.length)} changed`, ...gone, `${counted(unchanged, 'file')} as they are`].join(', ');
}

function fileLine(sign: string, { path, old_bytes: old, new_bytes: fresh }: PlannedFile): string {
  const size = old !== null && fresh !== null ? `${formatBytes(old)} → ${formatBytes(fresh)}` : formatBytes(fresh ?? old ?? 0);
  return `${sign} ${printable(path)}  ${size}\n`;
}
