/** The public part of what root knows (published.json), for readers that are not root. */
import * as z from 'zod';
import { HeldVersion, Receipt } from './state.ts';

export const RollbackTarget = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('there'), path: z.string(), from: z.string().nullable(), to: z.string().nullable(), created: z.string() }),
  /** An update was interrupted; rollback resolves that first. */
  z.strictObject({ is: z.literal('open') }),
  /** No backup, or one that leads away from another release than this one. */
  z.strictObject({ is: z.literal('none') }),
  z.strictObject({ is: z.literal('damaged'), path: z.string() }),
  z.strictObject({ is: z.literal('private') }),
]);
export type RollbackTarget = z.infer<typeof RollbackTarget>;

const InstalledFile = z.strictObject({ path: z.string(), sha256: z.string(), size: z.int().nonnegative(), mode: z.string() });

/** Signed metadata that root has verified: nothing older counts here any more. */
const TrustFloor = z.strictObject({
  root: z.int(),
  /** Null before root has verified any. */
  timestamp: z.int().nullable(),
  /** When that timestamp was signed, by its own words. */
  at: z.iso.datetime().nullable(),
  /** sha256 over the three: a version that damage has raised would stop every later release. */
  seal: z.string(),
});
export type TrustFloor = z.infer<typeof TrustFloor>;

export const PublicFacts = z.strictObject({
  schema: z.literal(1),
  /** What was installed when it was written: it tells nothing about a device that is on another release. */
  version: z.string().nullable(),
  installed: z.strictObject({ branch: z.string(), files: z.array(InstalledFile), dirs: z.array(z.string()) }).nullable(),
  rollback: RollbackTarget,
  /** Versions that failed here, or that the owner went back from. Absent where an earlier updater has written it, as the next two. */
  held: z.array(HeldVersion).optional(),
  /** Managed files that the owner had edited when the device came to this version. */
  drift: z.array(z.string()).optional(),
  backup_path: z.string().nullable().optional(),
  /** Null where releases are not signed. Absent from an earlier updater. */
  trust: TrustFloor.nullable().optional(),
  /** The last hundred, oldest first, without what programs wrote (`lines`). */
  history: z.array(Receipt),
});
export type PublicFacts = z.infer<typeof PublicFacts>;
