import type { MetadataTools } from '../lib/steps/deps.ts';

/** The edges of those who verify signatures: reading what does that costs more than a whole check without signatures. */
export async function metadataTools(): Promise<MetadataTools> {
  const [{ openMetadata }, { folderStore }] = await Promise.all([
    import('../lib/io/trust/metadata-client.ts'),
    import('../lib/io/trust/metadata-store.ts'),
  ]);
  return { openMetadata, folderStore };
}
