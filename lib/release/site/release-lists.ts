/**
 * The releases that a branch of a site has had: each manifest at `manifests/<branch>/<version>.json`, where it stays, and the list
 * of them in `releases.json` or `releases_<branch>.json`, for devices that have to take an earlier one before the newest.
 */
import { sha256Of } from '../../core/digest.ts';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { parseManifest } from '../../core/release/manifest.ts';
import type { ListedRelease, WithdrawnRelease } from '../../core/release/release-list.ts';
import { parseReleaseList, releaseListText } from '../../core/release/release-list.ts';
import { keptManifestPath, manifestName, releasesName } from '../../core/release/site-layout.ts';
import { compareVersions } from '../../core/release/version.ts';
import { writeDurable } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import { readIfThere } from './site.ts';
import { withdrawnOn } from './withdrawn.ts';

/** The list of a branch; a site of an earlier version has none yet. Throws MANIFEST_INVALID. */
export function readReleaseList(dir: string, branch: string): ListedRelease[] {
  const path = join(dir, releasesName(branch));
  const bytes = readIfThere(path);
  return bytes === null ? [] : parseReleaseList(bytes, `'${path}'`, branch);
}

/** What a branch will have had: the manifests to keep, by their paths, and the list that names them. */
export interface PlannedList {
  kept: ReadonlyMap<string, Buffer>;
  name: string;
  list: Buffer;
}

/** The list of a branch with this manifest, and with the one that the branch offers until now, if that is not listed yet. Writes nothing. */
export function planList(dir: string, branch: string, manifest: Buffer): PlannedList {
  const before = readList(dir, branch);
  const withdrawn = withdrawnOn(dir, branch);
  const current = readIfThere(join(dir, manifestName(branch)));
  const listed = new Map(before.map((entry) => [entry.version, entry]));
  const kept = new Map<string, Buffer>();
  for (const bytes of current === null ? [manifest] : [current, manifest]) {
    const entry = listedRelease(branch, bytes);
    kept.set(entry.manifest.path, bytes);
    listed.set(entry.version, entry);
  }
  const still = withdrawn.filter(({ version }) => !listed.has(version));
  return { kept, name: releasesName(branch), list: releaseListBytes([...listed.values()], still) };
}

/** Keeps what is planned: first what the list names, then the list. Does nothing where all of that is so already. */
export function writeList(dir: string, { kept, name, list }: PlannedList): void {
  for (const [path, bytes] of kept) {
    if (readIfThere(join(dir, path))?.equals(bytes) === true) continue;
    mkdirDurable(dirname(join(dir, path)), 0o755);
    writeDurable(join(dir, path), bytes, { mode: 0o644 });
  }
  if (readIfThere(join(dir, name))?.equals(list) !== true) writeDurable(join(dir, name), list, { mode: 0o644 });
}

/** The list of a branch, in its order. */
export function releaseListBytes(releases: readonly ListedRelease[], withdrawn: readonly WithdrawnRelease[]): Buffer {
  return Buffer.from(releaseListText(releases.toSorted(newestFirst), withdrawn));
}

/** Writes the list of a branch in its order, unless it is just so. */
export function writeReleaseList(
  dir: string,
  branch: string,
  { releases, withdrawn }: { releases: readonly ListedRelease[]; withdrawn: readonly WithdrawnRelease[] },
): void {
  writeList(dir, { kept: new Map(), name: releasesName(branch), list: releaseListBytes(releases, withdrawn) });
}

/** A list that cannot be read is rebuilt from the manifests that are kept. */
function readList(dir: string, branch: string): ListedRelease[] {
  try {
    return readReleaseList(dir, branch);
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error;
    const folder = dirname(join(dir, keptManifestPath(branch, '0')));
    const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
    return names.map((name) => listedRelease(branch, fs.readFileSync(join(folder, name))));
  }
}

/** What the list says of a manifest. Throws what parseManifest throws. */
export function listedRelease(branch: string, bytes: Buffer): ListedRelease {
  const { version, sequence, released, requires } = parseManifest(bytes, `the manifest of the branch '${branch}'`);
  return {
    version,
    ...(sequence === undefined ? {} : { sequence }),
    ...(released === undefined ? {} : { released }),
    ...(requires.min_version === undefined ? {} : { min_version: requires.min_version }),
    ...(requires.arch === undefined ? {} : { arch: requires.arch }),
    manifest: { path: keptManifestPath(branch, version), size: bytes.length, sha256: sha256Of(bytes) },
  };
}

function newestFirst(a: ListedRelease, b: ListedRelease): number {
  return (b.sequence ?? 0) - (a.sequence ?? 0) || compareVersions(b.version, a.version);
}

/** What keeps devices that are older than `min_version` from ever coming to this release; empty when nothing does. */
export function stoneNotices(dir: string, branch: string, { version, requires }: Pick<Manifest, 'version' | 'requires'>): string[] {
  const { min_version: needed } = requires;
  if (needed === undefined) return [];
  const isStone = (entry: ListedRelease): boolean => compareVersions(entry.version, needed) >= 0 && compareVersions(entry.version, version) < 0;
  if (readReleaseList(dir, branch).some(isStone)) return [];
  return [
    `${version} needs ${needed} to be installed first, and the branch '${branch}' has no release that is ${needed} or newer: devices that are older cannot come to ${version}`,
  ];
}
