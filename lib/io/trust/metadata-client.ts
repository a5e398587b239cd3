/**
 * The client of signed metadata: the workflow of the TUF specification 1.0, sections 5.3 to 5.6, with storage of ours. What is
 * verified is verified by tuf-js; what it would let pass and a device must not is refused before (lib/core/trust/metadata-shape.ts).
 */
import { metadataChain } from './metadata-chain.ts';
import type { MetadataClient, MetadataOptions } from './metadata-types.ts';
import { findTarget } from './find-target.ts';
import { roleFacts, stateOf } from './role-facts.ts';
import type { TrustedMetadata } from './trusted-metadata.ts';

/** Opens what is stored, from the initial root on. Throws TRUST_INVALID when that is no root. */
export function openMetadata(options: MetadataOptions): MetadataClient {
  const chain = metadataChain(options);
  /** What was verified at `now`. */
  let current: TrustedMetadata | null = null;
  const known = (): TrustedMetadata => current ?? chain.stored();
  return {
    refresh: async () => {
      current = null;
      const { trusted, changed } = await chain.refreshed();
      current = trusted;
      return { changed };
    },
    target: async (path) => {
      current ??= chain.valid();
      return findTarget(current, path, chain);
    },
    state: () => stateOf(known()),
    roles: () => roleFacts(known(), chain),
  };
}
