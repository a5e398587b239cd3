/** What the HTTP API can be asked. Strict: an unknown member is a mistake of the client. */
import * as z from 'zod';
import { isBranchName } from '../release/branches.ts';
import { Confirmed } from '../offer/foreign-files.ts';
import { Settings } from '../device/state.ts';
import { VERSION_RULE, isVersion } from '../release/version.ts';

const Version = z.string().max(64).refine(isVersion, { error: VERSION_RULE });

export const NoBody = z.strictObject({});

/**
 * What the owner has agreed to: the version that was shown, or the very manifest. Nothing else is installed then. `replace`
 * confirms files that no release brought, as `foreign` of the plan names them. With `sha256` it holds for the file that was seen;
 * without, for the one that is there now.
 */
export const ApplyBody = z
  .strictObject({
    version: Version.optional(),
    manifest_sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')
      .optional(),
    replace: z
      .array(z.union([Confirmed.shape.path, Confirmed]))
      .max(1000)
      .optional(),
  })
  .refine(({ version, manifest_sha256: sha256 }) => sha256 === undefined || version !== undefined, {
    error: 'needs the version that it is of',
    path: ['manifest_sha256'],
  });

export type Replace = NonNullable<z.infer<typeof ApplyBody>['replace']>;

export const AutoBody = z.strictObject({ auto: Settings.shape.auto.unwrap().optional(), time: Settings.shape.time.unwrap().optional() });

export const BranchBody = z.strictObject({
  name: z.string().max(64).refine(isBranchName, { error: 'must be 1 to 64 of a-z, 0-9 and _' }),
});

export const SkipBody = z.strictObject({ version: Version.nullable() });

/** Without an id, all of them. */
export const DismissBody = z.strictObject({ id: z.string().min(1).max(200).optional() });

/** A whole number in a query, as text. */
function count(max: number) {
  const message = `must be a whole number from 1 to ${String(max)}`;
  return z
    .string()
    .regex(/^[1-9][0-9]{0,3}$/, { error: message, abort: true })
    .transform(Number)
    .refine((value) => value <= max, { error: message });
}

export const NoQuery = z.strictObject({});

export const HistoryQuery = z.strictObject({ limit: count(100).optional() });

export const LOG_UNITS = ['check', 'fetch', 'apply', 'rollback', 'recover', 'auto', 'order'] as const;

export const LogsQuery = z.strictObject({
  lines: count(1000).optional(),
  /** As a line before had it. */
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9=;_-]{1,512}$/, 'must be the cursor of a line')
    .optional(),
  unit: z.enum(LOG_UNITS).optional(),
});
export type LogsQuery = z.infer<typeof LogsQuery>;
