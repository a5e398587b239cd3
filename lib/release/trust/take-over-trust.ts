/** Signed metadata that is published, for `init --from`: read as a device reads it, verified, and the guide to the documents that are taken. */
import { UpdateError, mismatch } from '../../core/errors.ts';
import { sha256Of } from '../../core/digest.ts';
import { STABLE } from '../../core/release/branches.ts';
import { MAX_ROOT_ROTATIONS, METADATA_MAX_BYTES, branchRole, metadataPath, targetCopyPath } from '../../core/trust/metadata-layout.ts';
import type { PublicKey } from '../keys/public-key.ts';
import type { PublishedSource } from '../publish/published-source.ts';
import { jsonOf } from './metadata-parts.ts';
import { copiesOf, writeMetadata } from './metadata-files.ts';
import { readSignedSite } from './read-signed-site.ts';
import type { SignedSite } from './signed-site.ts';
import { newestRoot } from './signed-site.ts';
import { allDocuments } from './signing.ts';

export interface TakenTrust {
  /** The published source, with documents as they are signed. */
  source: PublishedSource;
  /** Version and keys of the root that is trusted now. */
  root: number;
  keys: readonly PublicKey[];
}

/**
 * Takes the metadata into a folder that becomes a site; null where none is published. `trusted` is the root from which the chain has to
 * come; without it, the first root that is published. Throws what readSignedSite throws, SIGNATURE_MISSING when a root is trusted
 * and nothing is signed, METADATA_MISMATCH for a document that is not the signed one, and what the source throws.
 */
export async function takeTrust(source: PublishedSource, dir: string, trusted: Buffer | null): Promise<TakenTrust | null> {
  const read = (name: string, maxBytes: number): Promise<Buffer | null> => source.read(metadataPath(name), STABLE, maxBytes);
  const timestamp = await read('timestamp.json', METADATA_MAX_BYTES.timestamp);
  if (timestamp === null) {
    if (trusted === null) return null;
    throw new UpdateError('SIGNATURE_MISSING', 'a root is trusted, and what is published is not signed', {
      hint: 'check --from; without --trust it is taken over as it is',
    });
  }
  await takeRoots(read, dir);
  const files = new Map([['timestamp.json', timestamp]]);
  const snapshot = await need(read, files, `${String(versionIn(timestamp, 'snapshot.json'))}.snapshot.json`, METADATA_MAX_BYTES.snapshot);
  await need(read, files, `${String(versionIn(snapshot, 'targets.json'))}.targets.json`, METADATA_MAX_BYTES.targets);
  for (const role of rolesIn(snapshot))
    await need(read, files, `${String(versionIn(snapshot, `${role}.json`))}.${role}.json`, METADATA_MAX_BYTES.targets);
  writeMetadata(
    dir,
    [...files].map(([name, bytes]) => ({ path: metadataPath(name), bytes })),
  );
  const site = readSignedSite(dir, trusted);
  const { version, roles } = newestRoot(site);
  return { source: signedSource(source, dir, site), root: version, keys: roles.root.keys };
}

type Read = (name: string, maxBytes: number) => Promise<Buffer | null>;

async function takeRoots(read: Read, dir: string): Promise<void> {
  let newest: Buffer | null = null;
  for (let version = 1; version <= MAX_ROOT_ROTATIONS; version += 1) {
    const bytes = await read(`${String(version)}.root.json`, METADATA_MAX_BYTES.root);
    if (bytes === null) break;
    newest = bytes;
    writeMetadata(dir, [{ path: metadataPath(`${String(version)}.root.json`), bytes }]);
  }
  if (newest === null) throw new UpdateError('SITE_INVALID', "'tuf/1.root.json' is not published: the chain of roots has no beginning");
  writeMetadata(dir, [{ path: metadataPath('root.json'), bytes: newest }]);
}

async function need(read: Read, files: Map<string, Buffer>, name: string, maxBytes: number): Promise<Buffer> {
  const bytes = await read(name, maxBytes);
  if (bytes === null)
    throw new UpdateError('METADATA_MISMATCH', `'${name}' is named by what is published, and is not there`, {
      hint: 'another run may be publishing there: run it again',
    });
  files.set(name, bytes);
  return bytes;
}

/** The documents that are signed come from their copies, and are the signed ones; one that is not signed is not there. */
function signedSource(source: PublishedSource, dir: string, site: SignedSite): PublishedSource {
  const documents = allDocuments(site);
  return {
    ...source,
    // The signed list tells them, where the tags of a repository would.
    versions: () => null,
    read: async (path, branch, maxBytes) => {
      const signed = documents.get(path);
      if (signed === undefined)
        return path.includes('/') || !path.endsWith('.json') || path === 'branches_sequence.json' ? source.read(path, branch, maxBytes) : null;
      const copy = targetCopyPath(path, signed.sha256);
      const bytes = (await source.read(copy, branch, maxBytes)) ?? (await source.read(path, branch, maxBytes));
      if (bytes === null) throw new UpdateError('METADATA_MISMATCH', `'${path}' is signed, and is not published`);
      if (sha256Of(bytes) !== signed.sha256)
        throw new UpdateError('METADATA_MISMATCH', mismatch(`sha256 of the published '${path}'`, signed.sha256, sha256Of(bytes)));
      writeMetadata(dir, copiesOf(path, bytes, signed.isGzipped));
      return bytes;
    },
  };
}

function metaIn(bytes: Buffer): Readonly<Record<string, unknown>> {
  const { signed } = jsonOf(bytes, 'what is published');
  const meta = typeof signed === 'object' && signed !== null && 'meta' in signed ? signed['meta'] : {};
  return typeof meta === 'object' && meta !== null ? Object.fromEntries(Object.entries(meta)) : {};
}

function versionIn(bytes: Buffer, name: string): number {
  const facts = metaIn(bytes)[name];
  const version = typeof facts === 'object' && facts !== null && 'version' in facts ? facts.version : null;
  if (typeof version === 'number') return version;
  throw new UpdateError('METADATA_INVALID', `what is published does not say the version of '${name}'`);
}

function rolesIn(snapshot: Buffer): string[] {
  return Object.keys(metaIn(snapshot)).flatMap((name) => (name.startsWith(branchRole('')) ? [name.replace(/\.json$/, '')] : []));
}
