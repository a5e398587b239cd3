/**
 * Takes signed metadata of the past out of a repository: what neither the timestamp names nor one of the two before it did. A device
 * that has read one of those a moment ago finds all that it leads to.
 */
import { join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import type { GiteaAsset, GiteaRelease } from '../../core/network/gitea.ts';
import { snapshotFacts, targetsFacts } from '../../core/trust/metadata-facts.ts';
import { METADATA_MAX_BYTES, metadataPath } from '../../core/trust/metadata-layout.ts';
import type { GiteaClient } from '../../io/source/gitea-client.ts';
import { readIfThere } from '../site/site.ts';
import type { MetadataSet } from './metadata-set.ts';
import { copyName } from './metadata-set.ts';

/** How many timestamps count, with the one of now. */
const KEPT = 3;
const SNAPSHOT = /^(\d{1,15})\.snapshot\.json$/;
/** Numbered files but roots, which are kept for ever, and copies of documents. */
const OF_A_TIME = /^(?:\d{1,15}\.(?:snapshot|targets|branch-[a-z0-9_]+)|[0-9a-f]{64}\.[a-z0-9_]+)\.json(?:\.gz)?$/;

export interface MetadataPruning {
  client: GiteaClient;
  /** What was published. */
  set: MetadataSet;
  /** The release as it was before that. */
  release: GiteaRelease | null;
  onDone: (what: string) => void;
}

/** Prunes. What was uploaded after the timestamp that was there before stays, as it may be of a process at work. Throws status and network codes. */
export async function pruneMetadataAssets({ client, set, release, onDone }: MetadataPruning): Promise<void> {
  if (release === null || release.draft) return;
  const timestamps = release.assets.filter(({ name }) => name === set.timestamp.name).map(({ id }) => id);
  const wanted = new Set([...set.copies, ...set.numbered].map(({ name }) => name));
  const old = release.assets.filter(({ id, name }) => OF_A_TIME.test(name) && !wanted.has(name) && timestamps.some((at) => id < at));
  if (old.length === 0) return;
  const read: Read = async (name) => readIfThere(join(set.dir, metadataPath(name))) ?? (await readAsset(client, release, name));
  const kept = new Set<string>();
  for (const name of lastSnapshots(release.assets, set.versions.snapshot)) for (const named of await namedBy(name, read)) kept.add(named);
  for (const asset of old) {
    if (kept.has(asset.name)) continue;
    await client.remove(release, asset);
    onDone(`deleted ${asset.name} of ${release.tag_name}, which is no longer named`);
  }
}

type Read = (name: string) => Promise<Buffer | null>;

/** The snapshots before the one of now that still count. */
function lastSnapshots(assets: readonly GiteaAsset[], current: number): string[] {
  const before = assets.map(({ name }) => Number(SNAPSHOT.exec(name)?.[1] ?? Infinity)).filter((version) => version < current);
  return [...new Set(before)]
    .toSorted((a, b) => b - a)
    .slice(0, KEPT - 1)
    .map((version) => `${String(version)}.snapshot.json`);
}

/** A snapshot and all that can be reached from it; what cannot be read leads nowhere. */
async function namedBy(snapshot: string, read: Read): Promise<string[]> {
  const { roles } = await readable(snapshot, read, snapshotFacts, { version: 0, roles: new Map<string, number>() });
  const names = [snapshot];
  for (const [role, version] of roles) {
    const name = `${String(version)}.${role}.json`;
    const { documents } = await readable(name, read, targetsFacts, { version: 0, documents: new Map<string, string>() });
    names.push(name, ...[...documents].map(([path, sha256]) => copyName(path, sha256)).flatMap((copy) => [copy, `${copy}.gz`]));
  }
  return names;
}

async function readable<T>(name: string, read: Read, facts: (bytes: Buffer, where: string) => T, otherwise: T): Promise<T> {
  const bytes = await read(name);
  try {
    return bytes === null ? otherwise : facts(bytes, name);
  } catch (error) {
    if (error instanceof UpdateError && error.code === 'METADATA_INVALID') return otherwise;
    throw error;
  }
}

async function readAsset(client: GiteaClient, release: GiteaRelease, name: string): Promise<Buffer | null> {
  return release.assets.some((asset) => asset.name === name) ? await client.read(release, name, METADATA_MAX_BYTES.targets) : null;
}
