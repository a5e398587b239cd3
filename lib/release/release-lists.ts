/**
 * The releases that a branch of a site has had: each manifest at `manifests/<branch>/<version>.json`, where it stays, and the list
 * of them in `releases.json` or `releases_<branch>.json`, for devices that have to take an earlier one before the newest.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { UpdateError } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import { parseManifest } from '../core/manifest.ts';
import type { ListedRelease, WithdrawnRelease } from '../core/release-list.ts';
import { parseReleaseList, releaseListText } from '../core/release-list.ts';
import { keptManifestPath, manifestName, releasesName } from '../core/site-layout.ts';
import { compareVersions } from '../core/version.ts';
import { mkdirDurable, writeDurable } from '../transaction/durable.ts';
import { readIfThere } from './site.ts';
import { withdrawnOn } from './withdrawn.ts';

/** The list of a branch; a site of an earlier version has none yet. Throws MANIFEST_INVALID. */
export function readReleaseList(dir: string, branch: string): ListedRelease[] {
  const path = join(dir, releasesName(branch));
  const bytes = readIfThere(path);
  return bytes === null ? [] : parseReleaseList(bytes, `'${path}'`, branch);
}

/**
 * Keeps a manifest and lists it, and with it the one that the branch offers until now, if that is not listed yet. First what
 * the list names, then the list. Does nothing where all of that is so already.
 */
export function listRelease(dir: string, branch: string, manifest: Buffer): void {
  const before = readList(dir, branch);
  const withdrawn = withdrawnOn(dir, branch);
  const current = readIfThere(join(dir, manifestName(branch)));
  const kept = new Map(before.map((entry) => [entry.version, entry]));
  for (const bytes of current === null ? [manifest] : [current, manifest]) {
    const entry = entryOf(branch, bytes);
    const path = join(dir, entry.manifest.path);
    if (readIfThere(path)?.equals(bytes) !== true) {
      mkdirDurable(dirname(path), 0o755);
      writeDurable(path, bytes, { mode: 0o644 });
    }
    kept.set(entry.version, entry);
  }
  const list = [...kept.values()];
  writeReleaseList(dir, branch, { releases: list, withdrawn: withdrawn.filter(({ version }) => !kept.has(version)) });
}

/** Writes the list of a branch in its order, unless it is just so. */
export function writeReleaseList(
  dir: string,
  branch: string,
  { releases, withdrawn }: { releases: readonly ListedRelease[]; withdrawn: readonly WithdrawnRelease[] },
): void {
  const text = releaseListText(releases.toSorted(newestFirst), withdrawn);
  const list = join(dir, releasesName(branch));
  if (readIfThere(list)?.toString() !== text) writeDurable(list, text, { mode: 0o644 });
}

/** A list that cannot be read is made anew from the manifests that are kept. */
function readList(dir: string, branch: string): ListedRelease[] {
  try {
    return readReleaseList(dir, branch);
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error;
    const folder = dirname(join(dir, keptManifestPath(branch, '0')));
    const names = fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => name.endsWith('.json')) : [];
    return names.map((name) => entryOf(branch, fs.readFileSync(join(folder, name))));
  }
}

/** What the list says of a manifest. Throws what parseManifest throws. */
export function entryOf(branch: string, bytes: Buffer): ListedRelease {
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

/** As the list has it. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
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
