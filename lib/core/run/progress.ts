import type { Progress } from '../device/state.ts';

/** What a step reports while it runs; `percent` and byte counts where they are known. */
export interface ProgressReport {
  phase: string;
  version?: string | null;
  percent?: number | null;
  bytes?: number | null;
  totalBytes?: number | null;
  rateBytesPerS?: number | null;
  canCancel?: boolean;
}

/** Whole percent of a transfer, never 100 before the end (users read 100% as done); null while the total is unknown. */
export function percentOf(done: number, total: number | null): number | null {
  if (total === null || total <= 0) return null;
  return done >= total ? 100 : Math.min(99, Math.floor((done / total) * 100));
}

export interface ProgressFacts {
  step: Progress['step'];
  pid: number;
  invocation: string | null;
  started: string;
}

/** The whole of progress.json from one report. */
export function toProgress(facts: ProgressFacts, report: ProgressReport, updated: string): Progress {
  return {
    ...facts,
    phase: report.phase,
    version: report.version ?? null,
    percent: report.percent ?? null,
    bytes: report.bytes ?? null,
    total_bytes: report.totalBytes ?? null,
    rate_bytes_per_s: report.rateBytesPerS ?? null,
    can_cancel: report.canCancel ?? false,
    updated,
  };
}

/** One line for `systemctl status`. */
export function statusLine(report: ProgressReport): string {
  const percent = report.percent === undefined || report.percent === null ? '' : ` ${String(report.percent)}%`;
  const version = report.version === undefined || report.version === null ? '' : ` ${report.version}`;
  return `${report.phase}${version}${percent}`;
}
