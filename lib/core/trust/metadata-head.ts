/** What metadata says of itself, read off its bytes without a look at any signature: for what is verified already. */
import * as z from 'zod';
import { SIGNED_AT_MEMBER } from './metadata-layout.ts';

const Head = z.object({
  signed: z.object({ version: z.int().positive(), [SIGNED_AT_MEMBER]: z.iso.datetime().optional().catch(undefined) }),
});

export interface MetadataHead {
  version: number;
  /** Null where it does not say so. */
  signedAt: Date | null;
}

/** Null when it is no metadata. */
export function metadataHead(bytes: Uint8Array | null): MetadataHead | null {
  if (bytes === null) return null;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    // Safe to ignore: damage says nothing.
    return null;
  }
  const { data: head } = Head.safeParse(value);
  if (head === undefined) return null;
  const at = head.signed[SIGNED_AT_MEMBER];
  return { version: head.signed.version, signedAt: at === undefined ? null : new Date(at) };
}
