/** What a played device is made of: what it shows when a file of states does not say, how it fails, and a run on the way. */
import * as z from 'zod';
import { Available, Progress, Receipt } from '../core/device/state.ts';
import { toErrorCode } from '../core/errors.ts';
import type { StatusAnswer } from '../core/http-api/api-answers.ts';
import { Run } from '../core/run/run.ts';

const Code = z
  .string()
  .refine((code) => toErrorCode(code) === code, { error: 'must be a code of lib/core/errors.ts' })
  .transform(toErrorCode);

export const PlayedFailure = z.strictObject({
  code: Code,
  step: Receipt.shape.step,
  /** The phase of the step that it comes in. */
  phase: z.string(),
  outcome: Receipt.shape.outcome,
  message: z.string(),
  hint: z.string().nullable(),
  subject: z.string().nullable().default(null),
});
export type PlayedFailure = z.infer<typeof PlayedFailure>;

export const Defaults = z.strictObject({ run: Run, last_result: Receipt, available: Available, progress: Progress });
export type Defaults = z.infer<typeof Defaults>;

export interface Story {
  id: string;
  kind: Run['kind'];
  by: Run['by'];
  begun: Date;
  /** What the device was before. */
  base: StatusAnswer;
  /** A failure only ends a run that comes to its step. */
  end: 'ok' | 'nothing' | PlayedFailure;
  defaults: Defaults;
}

export interface Frame {
  /** After the beginning of the run. */
  atMs: number;
  status: StatusAnswer;
}
