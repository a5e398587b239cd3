/** What is kept of a document beside its bytes in /var/cache/pikit-update/source/, and when the two can be used. */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Config } from './config.ts';

/** What goes back to the server in a header: Node refuses to send any other character. */
const HeaderText = z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/);

/** `<name>.meta`. */
export const CacheFacts = z.strictObject({
  source: z.string(),
  url: z.string(),
  etag: HeaderText.nullable(),
  last_modified: HeaderText.nullable(),
  sha256: z.string(),
  /** From when until when `etag` may be asked with; null from a version that kept it for ever. */
  full_at: z.iso.datetime().nullable().default(null),
  until: z.iso.datetime().nullable().default(null),
});
export type CacheFacts = z.infer<typeof CacheFacts>;

export const CACHE_FACTS_MAX_BYTES = 64 * 1024;

/** What tells one source from another: nothing that one sent is used with the other. */
export function sourceId({ source }: Pick<Config, 'source'>): string {
  return `${source.type} ${source.url}`;
}

/** The facts of cached bytes, or null when anything about them is damaged, or they came from another source. */
export function factsOf(meta: Uint8Array, bytes: Uint8Array, config: Pick<Config, 'source'>): CacheFacts | null {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(meta).toString('utf8'));
  } catch {
    // Safe to ignore: without facts there is no cached document, and the next request is unconditional.
    return null;
  }
  const { data: facts } = CacheFacts.safeParse(value);
  if (facts === undefined || facts.source !== sourceId(config)) return null;
  return createHash('sha256').update(bytes).digest('hex') === facts.sha256 ? facts : null;
}
