/**
 * The signed metadata that a repository has, compared with that of a site: whether the site may be published there, and what of it
 * is there already. Everything is read before anything is written.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import type { GiteaRelease } from '../../core/network/gitea.ts';
import { isMetadataTag } from '../../core/network/gitea-address.ts';
import { METADATA_MAX_BYTES, metadataPath } from '../../core/trust/metadata-layout.ts';
import type { GiteaClient } from '../../io/source/gitea-client.ts';
import { assertMetadataNotBehind, comparedNames, snapshotNameOf, versionsThere } from '../publish/metadata-order.ts';
import { readIfThere } from '../site/site.ts';
import type { MetadataAsset, MetadataSet } from './metadata-set.ts';

export interface MetadataThere {
  /** The release with the tag `tuf`, if there is one; it may be a draft still. */
  release: GiteaRelease | null;
  /** What of the set is there, by the ids of the assets. */
  right: ReadonlySet<number>;
}

export interface Comparison {
  client: GiteaClient;
  /** Where that is, as `--to` has it. */
  to: string;
  /** Reads copies of documents as well, not only their sizes. */
  verify: boolean;
}

/** The release of the metadata: a public one before a draft. */
export function metadataRelease(releases: readonly GiteaRelease[]): GiteaRelease | null {
  return releases.filter(({ tag_name: tag }) => isMetadataTag(tag)).toSorted((a, b) => Number(a.draft) - Number(b.draft))[0] ?? null;
}

/** Throws SITE_INVALID when a repository is read by devices that trust signatures: what is unsigned would reach only the others. */
export function assertUnsigned(releases: readonly GiteaRelease[], to: string): void {
  const release = metadataRelease(releases);
  if (release?.assets.some(({ name }) => name === 'timestamp.json') !== true || release.draft) return;
  throw new UpdateError('SITE_INVALID', `'${to}' has signed metadata: unsigned releases do not belong there`, {
    hint: 'publish a signed site there, or this one to another repository',
  });
}

/**
 * Compares. Throws VERSION_NOT_NEWER when something there is newer than the site, or was signed apart from it, SIGNATURE_INVALID when
 * it is of another chain of roots; status and network codes. Metadata that devices cannot read either stops nothing.
 */
export async function compareMetadata(comparison: Comparison, set: MetadataSet, there: readonly GiteaRelease[]): Promise<MetadataThere> {
  const release = metadataRelease(there);
  if (release === null) return { release, right: new Set() };
  const read = reader(comparison.client, release);
  const isSame = await isEqual(read, set.timestamp);
  // No device has seen a draft.
  if (!release.draft && !isSame) await assertNotNewer(comparison, set, { release, read });
  const right = new Set<number>();
  for (const file of [...set.copies, ...set.numbered, ...set.roots, set.timestamp, set.root]) {
    const same = release.assets.filter(({ name }) => name === file.name);
    if (isKnownByName(file, set, isSame) && !comparison.verify) {
      for (const { id, size } of same) if (size === file.size) right.add(id);
      // Of two, it is unknown which one an address leads to.
    } else if (same.length === 1 && (await isEqual(read, file))) for (const { id } of same) right.add(id);
  }
  return { release, right };
}

/** Whether the name says which bytes these are, so that only the size can be wrong: by a digest, or by a number in a timestamp that is the same. */
function isKnownByName(file: MetadataAsset, set: MetadataSet, isSame: boolean): boolean {
  return set.copies.includes(file) || (isSame && file !== set.timestamp && file !== set.root);
}

type Read = (name: string) => Promise<Buffer | null>;

/** Each asset is read once. */
function reader(client: GiteaClient, release: GiteaRelease): Read {
  const known = new Map<string, Buffer | null>();
  return async (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const isThere = release.assets.some((asset) => asset.name === name);
    const bytes = isThere ? await client.read(release, name, METADATA_MAX_BYTES.targets) : null;
    known.set(name, bytes);
    return bytes;
  };
}

async function isEqual(read: Read, { name, path }: MetadataAsset): Promise<boolean> {
  return (await read(name))?.equals(fs.readFileSync(path)) === true;
}

async function assertNotNewer({ to }: Comparison, set: MetadataSet, { release, read }: { release: GiteaRelease; read: Read }): Promise<void> {
  const timestamp = await read('timestamp.json');
  const snapshot = snapshotNameOf(timestamp);
  const names = release.assets.map(({ name }) => name);
  const versions = versionsThere(names, timestamp, snapshot === null ? null : await read(snapshot));
  const ours = (name: string): Buffer | null => readIfThere(join(set.dir, metadataPath(name)));
  const theirs = new Map<string, Buffer | null>();
  for (const name of comparedNames(versions)) if (ours(name) !== null) theirs.set(name, await read(name));
  assertMetadataNotBehind({ versions: set.versions, read: ours }, { versions, read: (name) => theirs.get(name) ?? null }, to);
}
