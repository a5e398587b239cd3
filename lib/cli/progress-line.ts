/** What a running step is doing, in one line. */
import { formatBytes } from '../core/quantities.ts';
import type { Progress } from '../core/device/state.ts';
import { printable } from '../core/printable.ts';

const PHRASES: Readonly<Record<string, string>> = {
  checking: 'looking for a new release',
  'checking-health': 'checking health',
  'post-install': 'running install commands',
  recovering: 'resolving an interrupted update',
  restarting: 'restarting services',
  'waiting-for-clock': 'waiting for the clock to be set',
};

/** `downloading 1.4.0`; a phase without a phrase of its own says its name. */
export function phaseText({ phase, version }: Pick<Progress, 'phase' | 'version'>): string {
  if (phase === 'going-back') return printable(version === null ? 'rolling back' : `rolling back to ${version}`);
  return printable([PHRASES[phase] ?? phase.replaceAll('-', ' '), version ?? ''].join(' ').trim());
}

/** Percent, bytes and rate, as far as they are known. */
export function amountText({ percent, bytes, total_bytes: total, rate_bytes_per_s: rate }: Progress): string {
  const parts: string[] = [];
  if (percent !== null) parts.push(`${String(Math.round(percent))}%`);
  if (bytes !== null) parts.push(total === null ? formatBytes(bytes) : `${formatBytes(bytes)} of ${formatBytes(total)}`);
  if (rate !== null) parts.push(`${formatBytes(Math.round(rate))}/s`);
  return parts.join(', ');
}

/** `downloading 1.4.0, 45%, 1.2 MiB of 2.7 MiB, 800.0 KiB/s` */
export function progressText(progress: Progress): string {
  return [phaseText(progress), amountText(progress)].filter((part) => part !== '').join(', ');
}

const BAR_WIDTH = 24;

/** The same with a bar where there is room for it, cut to the width of the terminal. */
export function progressBar(progress: Progress, columns: number): string {
  const { percent } = progress;
  const width = Math.max(0, columns - 1);
  if (percent === null) return progressText(progress).slice(0, width);
  const filled = Math.round((Math.min(100, Math.max(0, percent)) / 100) * BAR_WIDTH);
  const line = `${phaseText(progress)}  [${'#'.repeat(filled)}${'.'.repeat(BAR_WIDTH - filled)}]  ${amountText(progress)}`;
  return line.length <= width ? line : progressText(progress).slice(0, width);
}
