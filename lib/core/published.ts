/** What root lets everybody know of what it keeps to itself (published.json): for whoever shows the device without being root. */
import * as z from 'zod';
import { Receipt } from './state.ts';

export const RollbackTarget = z.discriminatedUnion('is', [
  z.strictObject({ is: z.literal('there'), path: z.string(), from: z.string().nullable(), to: z.string().nullable(), created: z.string() }),
  /** An update was cut short; rollback resolves that first. */
  z.strictObject({ is: z.literal('open') }),
  /** No backup, or one that leads away from another release than this one. */
  z.strictObject({ is: z.literal('none') }),
  z.strictObject({ is: z.literal('damaged'), path: z.string() }),
  z.strictObject({ is: z.literal('private') }),
]);
export type RollbackTarget = z.infer<typeof RollbackTarget>;

const InstalledFile = z.strictObject({ path: z.string(), sha256: z.string(), size: z.int().nonnegative(), mode: z.string() });

export const Published = z.strictObject({
  schema: z.literal(1),
  /** What was installed when it was written: it tells nothing about a device that is on another release. */
  version: z.string().nullable(),
  installed: z.strictObject({ branch: z.string(), files: z.array(InstalledFile), dirs: z.array(z.string()) }).nullable(),
  rollback: RollbackTarget,
  /** The last hundred, oldest first, without what programs wrote (`lines`). */
  history: z.array(Receipt),
});
export type Published = z.infer<typeof Published>;
