/**
 * How far root has come in what is signed: published for the network steps, whose own cache may be gone, and kept apart from the
 * metadata itself, so that damage there leads no device back. Written by apply when it has verified, and carried on by whatever publishes;
 * `pikit-update trust reset` alone takes it away.
 */
import type { TrustFloor } from '../../core/device/public-facts.ts';
import { sha256Of } from '../../core/digest.ts';
import { METADATA_MAX_BYTES } from '../../core/trust/metadata-layout.ts';
import { metadataHead } from '../../core/trust/metadata-head.ts';
import type { MetadataClient } from '../../io/trust/metadata-types.ts';
import { plainBytes } from '../../transaction/files/plain-file.ts';
import type { StepDeps } from '../deps.ts';

type Deps = Pick<StepDeps, 'files' | 'paths'>;

/** To be called by root, with what it has verified just now. No write where there is no news. */
export function raiseFloor({ files }: Pick<StepDeps, 'files'>, client: Pick<MetadataClient, 'state'>): void {
  const { root, timestamp, signedAt } = client.state();
  const trust = sealed({ root, timestamp, at: signedAt });
  const published = files.readPublished();
  if (published !== null && JSON.stringify(published.trust) !== JSON.stringify(trust)) files.writePublished({ ...published, trust });
}

/** As it was published; where that is lost, as the files have it that root has verified. Null where no root is trusted. */
export function publishedFloor({ files, paths }: Deps): TrustFloor | null {
  const before = readFloor({ files });
  if (before !== null) return before;
  const [stored, initial] = [`${paths.trusted}/root.json`, paths.trustRoot].map((path) => metadataHead(read(path, METADATA_MAX_BYTES.root)));
  const root = stored ?? initial ?? null;
  if (root === null) return null;
  const timestamp = metadataHead(read(`${paths.trusted}/timestamp.json`, METADATA_MAX_BYTES.timestamp));
  return sealed({ root: root.version, timestamp: timestamp?.version ?? null, at: timestamp?.signedAt ?? null });
}

/** What was published, or null where that is damaged, or nothing was. */
export function readFloor({ files }: Pick<StepDeps, 'files'>): TrustFloor | null {
  const floor = files.readPublished()?.trust ?? null;
  if (floor === null) return null;
  const { seal } = sealed({ ...floor, at: floor.at === null ? null : new Date(floor.at) });
  return floor.seal === seal ? floor : null;
}

function sealed({ root, timestamp, at }: { root: number; timestamp: number | null; at: Date | null }): TrustFloor {
  const facts = { root, timestamp, at: at?.toISOString() ?? null };
  return { ...facts, seal: sha256Of(Buffer.from(JSON.stringify(facts))) };
}

function read(path: string, maxBytes: number): Buffer | null {
  try {
    return plainBytes(path, maxBytes);
  } catch {
    // Safe to ignore: who verifies says what is wrong with it.
    return null;
  }
}
