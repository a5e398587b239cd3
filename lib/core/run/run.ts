/** One run of the updater, from its first step to its last: what the command line, the HTTP API and the dashboard show of run.json. */
import * as z from 'zod';
import { Receipt } from '../device/state.ts';

const Time = z.iso.datetime();

export const RunStep = z.strictObject({
  step: Receipt.shape.step,
  /** `waiting`: it comes after another step of the run. `skipped`: a release was staged already, nothing had to be fetched. */
  state: z.enum(['waiting', 'running', 'done', 'skipped', 'failed', 'cancelled']),
  started: Time.nullable(),
  ended: Time.nullable(),
  /** The outcome; null while it runs, and when it was killed before it reported one. */
  outcome: Receipt.shape.outcome.nullable(),
});
export type RunStep = z.infer<typeof RunStep>;

export const Run = z.strictObject({
  /** The same for all readers, and for all steps of one run. */
  id: z.string(),
  kind: z.enum(['check', 'download', 'update', 'rollback', 'recovery']),
  by: z.enum(['owner', 'timer']),
  state: z.enum(['running', 'ended']),
  started: Time,
  ended: Time.nullable(),
  steps: z.array(RunStep),
  /** What is being done now, such as `downloading`; null when nothing is. */
  phase: z.string().nullable(),
  version: z.string().nullable(),
  /** Of the whole run, whole numbers, never 100 before its end; null while it is not known how long the run takes. */
  percent: z.int().min(0).max(100).nullable(),
  bytes: z.int().nullable(),
  total_bytes: z.int().nullable(),
  rate_bytes_per_s: z.int().nullable(),
  /** From the rate of the download and from past runs of this device; null when neither is known. */
  seconds_left: z.int().nonnegative().nullable(),
  /** Whether ending it now leaves or brings back the old files at once: true until an installation is complete. */
  can_cancel: z.boolean(),
  /** How it ended; null while it runs. */
  outcome: Receipt.shape.outcome.nullable(),
  /** Why, for a run that failed: as in the receipt. */
  code: z.string().nullable(),
  message: z.string().nullable(),
  hint: z.string().nullable(),
});
export type Run = z.infer<typeof Run>;
