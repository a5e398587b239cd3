/** How long each step takes on this device: the last five times that it did what it is for, and their median. */
import * as z from 'zod';
import type { Receipt } from '../device/state.ts';

const KEPT = 5;
const Durations = z.array(z.int().nonnegative()).max(KEPT);

/** In milliseconds, oldest first. What changes the files of the device has its times in the history. */
export const Timings = z.strictObject({ schema: z.literal(1), check: Durations, fetch: Durations });
export type Timings = z.infer<typeof Timings>;

/** Median in milliseconds; null for a step that was never done here. */
export type Medians = Readonly<Record<Receipt['step'], number | null>>;

/** With one more; null when it says nothing new, so that a daily check is not a daily write. */
export function noteDuration(timings: Timings, step: 'check' | 'fetch', ms: number): Timings | null {
  const known = timings[step];
  const usual = median(known);
  if (known.length >= KEPT && usual !== null && Math.abs(ms - usual) <= usual / 4) return null;
  return { ...timings, [step]: [...known.slice(1 - KEPT), ms] };
}

export function mediansOf(timings: Timings, history: readonly Receipt[]): Medians {
  const past = (step: Receipt['step']): number | null => {
    const times = history.flatMap((receipt) =>
      receipt.step === step && receipt.outcome === 'ok' && receipt.duration_ms !== null ? [receipt.duration_ms] : [],
    );
    return median(times.slice(-KEPT));
  };
  return { check: median(timings.check), fetch: median(timings.fetch), apply: past('apply'), rollback: past('rollback'), recover: past('recover') };
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
