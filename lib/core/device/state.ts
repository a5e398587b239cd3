/**
 * The files an update leaves behind, each with its schema. Strict: we write them, so anything unknown in them is damage,
 * and damage is a named outcome. Absent values are null. Times are ISO 8601 in UTC.
 */
import * as z from 'zod';
import { Confirmed, KeptFile } from '../offer/foreign-files.ts';
import { VERSION_RULE, isVersion } from '../release/version.ts';
import { SignedBy, TrustState } from '../trust/trust-state.ts';

const Time = z.iso.datetime();
const Version = z.string().refine(isVersion, { error: VERSION_RULE });
const BranchName = z.string().regex(/^[a-z0-9_]{1,64}$/);

/** The result of a step; the same object is `last_result`, a line of history and what the API shows. */
export const Receipt = z.strictObject({
  step: z.enum(['check', 'fetch', 'apply', 'rollback', 'recover']),
  outcome: z.enum(['ok', 'nothing', 'failed', 'rolled-back', 'cancelled', 'broken']),
  at: Time,
  message: z.string(),
  code: z.string().nullable(),
  hint: z.string().nullable(),
  /** The unit or address that failed, and its last journal lines. */
  subject: z.string().nullable(),
  lines: z.array(z.string()),
  from: z.string().nullable(),
  to: z.string().nullable(),
  branch: BranchName.nullable(),
  tx: z.string().nullable(),
  duration_ms: z.int().nonnegative().nullable(),
  /** Device paths of managed files that the owner had edited. */
  drift: z.array(z.string()),
  /** Where edits were kept aside, and which `.pikit-new` files wait for the owner. */
  kept: z.array(z.string()),
  /** Files that no release brought, which the step replaced, or would have replaced. Absent when there are none. */
  foreign: z.array(KeptFile).optional(),
  /** The edited ones of `drift` that were replaced or removed, and where each is kept. Absent when there are none. */
  edits: z.array(KeptFile).optional(),
  /** Files that were to be removed and are still there: they are not ours any more, or not to be reached safely. Absent when there are none. */
  left: z.array(z.string()).optional(),
  /** Why the source could not be asked before the installation whether it still offers the release; only there when it was so. */
  not_asked: z.string().optional(),
  /** What is to be installed after it, on the way to the newest release; only there when something is. */
  follows: z.array(z.string()).optional(),
  /** Programs that the release brought and that are found before a command of the system. */
  shadows: z.array(z.strictObject({ path: z.string(), command: z.string() })).optional(),
  /** Programs that were replaced, and nothing restarts what runs them. */
  unrestarted: z.array(z.string()).optional(),
  /** Who signed the release; absent where it is not signed. */
  signed: SignedBy.optional(),
  /** Commands of the release that have done their work, each with the last lines that it wrote. Absent when there were none. */
  commands: z.array(z.strictObject({ command: z.string(), lines: z.array(z.string()) })).optional(),
});
export type Receipt = z.infer<typeof Receipt>;

export const HeldVersion = z.strictObject({
  version: Version,
  /** `failed`: it broke here. `rolled-back`: the owner went back from it; only automatic installs pass it over. */
  reason: z.enum(['failed', 'rolled-back', 'attempts']),
  code: z.string().nullable(),
  message: z.string(),
  at: Time,
  /** Applies that ended without a verdict (killed, power cut); three of them hold a version. */
  attempts: z.int().nonnegative(),
});
export type HeldVersion = z.infer<typeof HeldVersion>;

export const Held = z.strictObject({ schema: z.literal(1), versions: z.array(HeldVersion) });
export type Held = z.infer<typeof Held>;

/** Why the timer does not install what is on offer, and the last step that it takes with it. */
export const NotAutomatic = z.strictObject({
  until: z.enum(['check', 'fetch']),
  reason: z.enum(['setting', 'downgrade', 'rolled-back', 'foreign']),
  message: z.string(),
});
export type NotAutomatic = z.infer<typeof NotAutomatic>;

export const Available = z.strictObject({
  version: Version,
  branch: BranchName,
  outcome: z.enum(['available', 'held', 'waiting', 'incompatible', 'skipped']),
  reason: z.string().nullable(),
  /** What the owner can do about that. */
  hint: z.string().nullable().optional(),
  downgrade: z.boolean(),
  manifest_sha256: z.string(),
  released: z.string().nullable(),
  changelog: z.string(),
  notes: z.string(),
  files: z.int(),
  bundle_bytes: z.int().nullable(),
  tree_bytes: z.int().nullable(),
  /** With the outcome `available`: null where the timer installs it. */
  automatic: NotAutomatic.nullable().optional(),
  /** The way to the newest release, this one first; only there when that cannot be installed directly. */
  route: z.array(Version).optional(),
  /** Who signed it, as the check has verified it; absent where releases are not signed. Root verifies that itself. */
  signed: SignedBy.nullable().optional(),
});
export type Available = z.infer<typeof Available>;

export const Staged = z.strictObject({
  version: z.string(),
  branch: BranchName,
  manifest_sha256: z.string(),
  at: Time,
  /** Why the source could not be asked whether it still offers this; only there when it was so. */
  not_asked: z.string().optional(),
});
export type Staged = z.infer<typeof Staged>;

/** What the owner has to hear about: it stays until it is dismissed by its id. */
export const Notice = z.strictObject({ id: z.string(), message: z.string(), at: Time });
export type Notice = z.infer<typeof Notice>;

/** What a running step is doing. Lives in /run, written at most four times a second, gone with the step. */
export const Progress = z.strictObject({
  step: z.enum(['check', 'fetch', 'apply', 'rollback', 'recover']),
  phase: z.string(),
  version: z.string().nullable(),
  percent: z.number().nullable(),
  bytes: z.int().nullable(),
  total_bytes: z.int().nullable(),
  rate_bytes_per_s: z.int().nullable(),
  can_cancel: z.boolean(),
  pid: z.int().positive(),
  invocation: z.string().nullable(),
  started: Time,
  updated: Time,
});
export type Progress = z.infer<typeof Progress>;

export const State = z.strictObject({
  schema: z.literal(1),
  current: Version.nullable(),
  latest: Version.nullable(),
  branch: BranchName,
  last_check: Time.nullable(),
  last_result: Receipt.nullable(),
  /** Always null on disk: progress lives in /run, and readers merge the two. */
  progress: z.null(),
  backup_path: z.string().nullable(),
  available: Available.nullable(),
  /** The branch that `current` came from; null when that is not known. `branch` is the one that is used now. */
  installed_branch: BranchName.nullable().default(null),
  staged: Staged.nullable(),
  held: z.array(HeldVersion),
  notices: z.array(Notice),
  /**
   * The owner's branch that was removed since it was chosen, told apart from another choice of the same by when it was written
   * (milliseconds): it is stable that is followed then. Only there where check may not write the settings itself.
   */
  left_branch: z.strictObject({ branch: BranchName, chosen: z.number() }).optional(),
  /** The installed version, where a check has found it on stable although it came from another branch. */
  promoted: Version.optional(),
  /** Managed files that differ from what was installed, seen by the last apply or rollback. */
  drift: z.array(z.string()),
  /** True when this device takes releases that are not signed. It is read off the trusted root: what the file says counts for nothing. */
  unsigned: z.boolean(),
  /** The signed metadata of the source, as the last check found it; absent where releases are not signed. */
  trust: TrustState.nullable().optional(),
});
export type State = z.infer<typeof State>;

/** The state of a device that was never checked. */
export function emptyState(): State {
  return {
    schema: 1,
    current: null,
    latest: null,
    branch: 'stable',
    last_check: null,
    last_result: null,
    progress: null,
    backup_path: null,
    available: null,
    installed_branch: null,
    staged: null,
    held: [],
    notices: [],
    drift: [],
    unsigned: true,
  };
}

export const AUTO_CHOICES = ['off', 'check', 'download', 'install'] as const;
export type Auto = (typeof AUTO_CHOICES)[number];

/** The owner's choices. */
export const Settings = z.strictObject({
  branch: BranchName.default('stable'),
  auto: z.enum(AUTO_CHOICES).default('check'),
  time: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day such as 04:20')
    .default('04:20'),
  skipped_version: z.string().nullable().default(null),
});
export type Settings = z.infer<typeof Settings>;

/** What the owner has agreed to, for one installation that is started by hand soon. */
export const Wanted = z
  .strictObject({
    /** It may be of this release alone; null where any will do. */
    version: Version.nullable(),
    /** Of the very manifest that the owner has seen; null where the version was all that was said. */
    manifest_sha256: z.string().nullable(),
    /** That version failed here before; retrying this once. */
    retry: z.boolean(),
    /** Files that no release brought, and that it may replace. */
    replace: z.array(Confirmed),
    at: Time,
  })
  .refine(({ version, manifest_sha256: sha256, retry }) => version !== null || (sha256 === null && !retry), {
    error: 'is needed with manifest_sha256, and with retry',
    path: ['version'],
  });
export type Wanted = z.infer<typeof Wanted>;

/** What a token says: how far this run may go, and who started it. Some are written by a user whom root does not trust. */
export const Token = z.strictObject({ run: z.string().max(64), until: z.enum(['fetch', 'apply', 'rollback']), by: z.enum(['timer', 'apply']) });
export type Token = z.infer<typeof Token>;
