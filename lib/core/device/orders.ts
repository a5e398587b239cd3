/**
 * What the HTTP API orders of root's gateway (pikit-update-order@.service): one of these, as one JSON document, and the answer to it.
 * Strict, and closed: a unit, a verb or a file cannot be named.
 */
import * as z from 'zod';
import { Confirmed } from '../offer/foreign-files.ts';
import { ApplyBody, AutoBody, BranchBody, DismissBody, SkipBody } from '../http-api/api-requests.ts';
import { Notice } from './state.ts';

/** A body of the API with the digests of all the files that it names. */
export const ORDER_MAX_BYTES = 64 * 1024;

/** Not rollback: the device would be left between two releases until it is started again. */
export const STOPPABLE = ['check', 'fetch', 'apply'] as const;

export const Order = z.discriminatedUnion('order', [
  z.strictObject({ order: z.literal('check') }),
  /** `replace` has digests in any case: root hashes no file that another user names. */
  z
    .strictObject({
      order: z.literal('apply'),
      version: ApplyBody.shape.version.unwrap().nullable(),
      manifest_sha256: ApplyBody.shape.manifest_sha256.unwrap().nullable(),
      replace: z.array(Confirmed).max(1000),
    })
    .refine(({ version, manifest_sha256: sha256 }) => sha256 === null || version !== null, {
      error: 'needs the version that it is of',
      path: ['manifest_sha256'],
    }),
  z.strictObject({ order: z.literal('rollback') }),
  /** What was agreed to for an update that has not begun yet is taken back with `apply`. */
  z.strictObject({ order: z.literal('stop'), step: z.enum(STOPPABLE) }),
  z.strictObject({ order: z.literal('auto'), auto: AutoBody.shape.auto.unwrap().nullable(), time: AutoBody.shape.time.unwrap().nullable() }),
  z.strictObject({ order: z.literal('branch'), name: BranchBody.shape.name }),
  z.strictObject({ order: z.literal('skip'), version: SkipBody.shape.version }),
  z.strictObject({ order: z.literal('dismiss'), id: DismissBody.shape.id.unwrap().nullable() }),
]);
export type Order = z.infer<typeof Order>;

export const OrderOutcome = z.strictObject({
  /** The job that systemd has queued, by its path on the bus; null for an order that is done. */
  job: z
    .string()
    .regex(/^\/org\/freedesktop\/systemd1\/job\/\d{1,20}$/)
    .nullable(),
  /** Notices that were taken away. */
  dismissed: z.array(Notice),
});
export type OrderOutcome = z.infer<typeof OrderOutcome>;

export const OrderAnswer = z.union([
  z.strictObject({ ok: OrderOutcome }),
  z.strictObject({ error: z.strictObject({ code: z.string(), message: z.string(), hint: z.string().nullable() }) }),
]);
export type OrderAnswer = z.infer<typeof OrderAnswer>;
