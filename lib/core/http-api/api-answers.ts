/** What the HTTP API answers, route by route. The OpenAPI document is made from these, and tests hold every answer against them. */
import * as z from 'zod';
import { PlanSummary } from '../device/plan-summary.ts';
import { RollbackTarget } from '../device/public-facts.ts';
import { Run } from '../run/run.ts';
import { SignedBy } from '../trust/trust-state.ts';
import { Notice, Progress, Receipt, Settings, State } from '../device/state.ts';

const Time = z.iso.datetime();

/** As in branch-choice.ts. */
const Following = z.strictObject({
  selected: z.string(),
  used: z.string().nullable(),
  why: z.enum(['selected', 'disabled', 'removed', 'not-listed', 'no-list', 'not-known']),
  message: z.string().nullable(),
});

/** As `pikit-update status --json` prints it. */
export const StatusAnswer = State.omit({ progress: true }).extend({
  progress: Progress.nullable(),
  settings: Settings,
  following: Following,
  rollback: RollbackTarget,
  /** What runs now, or what ran last; null when nothing ever did. */
  run: Run.nullable(),
  /** Only where the configuration keeps the updater from working, as long as no source is set for example: what is wrong, and what to set. */
  setup: z.strictObject({ message: z.string(), hint: z.string().nullable() }).optional(),
  /** Who signed the release that is installed; only there where it was verified. */
  signed: SignedBy.optional(),
});
export type StatusAnswer = z.infer<typeof StatusAnswer>;

export const RunAnswer = z.strictObject({ run: Run });

export const CancelAnswer = z.strictObject({ cancelled: z.array(Receipt.shape.step), result: Receipt.nullable() });
export type CancelAnswer = z.infer<typeof CancelAnswer>;

export const AutoAnswer = z.strictObject({ auto: Settings.shape.auto, time: Settings.shape.time, next_check: Time.nullable() });
export type AutoAnswer = z.infer<typeof AutoAnswer>;

const KnownBranch = z.strictObject({
  name: z.string(),
  display_name: z.string(),
  description: z.string(),
  enabled: z.boolean(),
  visible: z.boolean(),
  selected: z.boolean(),
  used: z.boolean(),
  version: z.string().nullable(),
  /** Who may sign its releases; only there where this device verifies signatures. */
  keys: SignedBy.shape.keys.optional(),
});

/** As `pikit-update branch list --json` prints it. */
export const BranchesAnswer = Following.extend({ branches: z.array(KnownBranch), notices: z.array(Notice) });
export type BranchesAnswer = z.infer<typeof BranchesAnswer>;

/** `run` is the check that looks for what the branch has; null when none is needed, or an installation goes first. */
export const BranchAnswer = z.strictObject({ following: Following, run: Run.nullable() });
export type BranchAnswer = z.infer<typeof BranchAnswer>;

export const SkipAnswer = z.strictObject({ skipped_version: z.string().nullable() });
export type SkipAnswer = z.infer<typeof SkipAnswer>;

export const DismissAnswer = z.strictObject({ dismissed: z.array(Notice) });
export type DismissAnswer = z.infer<typeof DismissAnswer>;

export const PlanAnswer = z.strictObject({ plan: PlanSummary.nullable(), reason: z.string().nullable() });
export type PlanAnswer = z.infer<typeof PlanAnswer>;

/** Newest last. */
export const HistoryAnswer = z.strictObject({ history: z.array(Receipt) });
export type HistoryAnswer = z.infer<typeof HistoryAnswer>;

export const LogLine = z.strictObject({
  /** Where the journal goes on after this line. */
  cursor: z.string(),
  time: Time,
  unit: z.string(),
  /** As in syslog: 3 is an error, 4 a warning, 6 information. */
  priority: z.int().min(0).max(7),
  message: z.string(),
});
export type LogLine = z.infer<typeof LogLine>;

/** `cursor` goes on after the last line; null when there is none. */
export const LogsAnswer = z.strictObject({ lines: z.array(LogLine), cursor: z.string().nullable() });
export type LogsAnswer = z.infer<typeof LogsAnswer>;

const Failure = z.strictObject({ code: z.string(), message: z.string(), hint: z.string().nullable() });

export const ErrorAnswer = z.strictObject({ error: Failure });
export type ErrorAnswer = z.infer<typeof ErrorAnswer>;

/** Something runs already, or has just been started: `run` is what runs, or ran last. */
export const BusyAnswer = z.strictObject({ error: Failure, run: Run.nullable() });
export type BusyAnswer = z.infer<typeof BusyAnswer>;
