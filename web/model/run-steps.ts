/** A run for people: what it is doing, how far it is, and its steps. Nothing is claimed that is not known. */
import type { Run, RunStep } from '../../lib/core/run/run.ts';
import type { Strings } from '../strings/en.ts';
import { formatBytes, formatSeconds } from './quantities.ts';

export interface StepView {
  label: string;
  state: RunStep['state'];
  stateText: string;
}

export interface ProgressView {
  /** Of the whole run, below 100; null when it is not known. */
  percent: number | null;
  /** Such as `1 MiB of 2.3 MiB`; null when there is no download. */
  bytes: string | null;
  rate: string | null;
  left: string | null;
}

/** What a running run does; a later version may have phases that have no name here. */
export function phaseOf({ steps, phase }: Run, { phases, working }: Strings): string {
  const names: Readonly<Record<string, string>> = phases;
  return steps.some(({ state }) => state === 'running') ? (names[phase ?? ''] ?? phase ?? working) : phases.waiting;
}

export function stepsOf(run: Run, { steps, outcomes }: Strings): StepView[] {
  return run.steps.map(({ step, state }) => ({ label: steps[step], state, stateText: outcomes[state] }));
}

export function progressOf(run: Run, strings: Strings): ProgressView {
  const { percent, bytes, total_bytes: total, rate_bytes_per_s: rate, seconds_left: left } = run;
  const size = (value: number): string => formatBytes(value, strings);
  return {
    percent: percent && Math.min(99, percent),
    bytes: bytes === null ? null : total === null ? size(bytes) : strings.of(size(bytes), size(total)),
    rate: bytes === null || rate === null ? null : rate === 0 ? strings.stalled : `${size(rate)}/s`,
    left: left === null ? null : strings.left(formatSeconds(left, strings)),
  };
}
