/** What a device keeps and shows of signatures. Strict: the updater writes it. */
import * as z from 'zod';

const Time = z.iso.datetime();

/** Who signed a release, and until when that counts. */
export const SignedBy = z.strictObject({
  /** `targets`, or `branch-<name>` of a branch with keys of its own. */
  role: z.string(),
  /** Whose signatures counted. */
  keys: z.array(z.strictObject({ fingerprint: z.string(), name: z.string().nullable() })),
  /** The first date on which something on the way expires: root, timestamp, snapshot, targets, or the role. */
  until: Time,
});
export type SignedBy = z.infer<typeof SignedBy>;

/** What is known of the signed metadata of the source. */
export const TrustState = z.strictObject({
  /** Versions. */
  root: z.int(),
  timestamp: z.int().nullable(),
  /** When the whole chain was verified last. */
  good: Time.nullable(),
  until: Time.nullable(),
  problem: z.strictObject({ code: z.string(), message: z.string(), hint: z.string().nullable() }).nullable(),
});
export type TrustState = z.infer<typeof TrustState>;
