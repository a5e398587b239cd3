/** `pikit-release init --from`: the releases that a branch has had, with the bundles that devices may still be sent for. */
import { dirname, join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { MANIFEST_MAX_BYTES, bundleName, parseManifest } from '../../core/release/manifest.ts';
import type { ListedRelease, WithdrawnRelease } from '../../core/release/release-list.ts';
import { RELEASE_LIST_MAX_BYTES, parseReleases } from '../../core/release/release-list.ts';
import { bundlePath, keptManifestPath, releasesName } from '../../core/release/site-layout.ts';
import { lstatOrNull, writeDurable } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import type { PublishedSource } from '../publish/published-source.ts';
import { listedRelease, writeReleaseList } from './release-lists.ts';
import { isSteppingStone } from './kept-bundles.ts';

export interface ListToTake {
  source: PublishedSource;
  dir: string;
  branch: string;
  /** What the branch offers now; null for nothing. */
  offered: Manifest | null;
}

/**
 * Takes over the list of a branch. A release is left out of it, and told, when its manifest is not there or not as it should be,
 * or when devices would be sent for a bundle that is not there: what they could not install leads nowhere. No list where none
 * is published. Throws MANIFEST_INVALID for a list that cannot be read, status and network codes.
 */
export async function takeReleases({ source, dir, branch, offered }: ListToTake): Promise<string[]> {
  const published = await publishedVersions(source, branch);
  if (published === null) return [];
  const { versions, withdrawn } = published;
  const notices: string[] = [];
  const entries: ListedRelease[] = [];
  for (const { version, sha256 } of versions) {
    try {
      const path = keptManifestPath(branch, version);
      const bytes = await source.read(path, branch, MANIFEST_MAX_BYTES);
      if (bytes === null) throw new UpdateError('NOT_FOUND', `'${path}' is not there`);
      const entry = checkedEntry(branch, version, sha256, bytes);
      if (offered !== null && isSteppingStone(entry, demandsOf(offered))) await takeBundle({ source, dir, branch }, parseManifest(bytes));
      mkdirDurable(dirname(join(dir, path)), 0o755);
      writeDurable(join(dir, path), bytes, { mode: 0o644 });
      entries.push(entry);
    } catch (error) {
      if (!(error instanceof UpdateError) || !LEFT_OUT.has(error.code)) throw error;
      notices.push(`${version} on the branch '${branch}' is left out of the list of releases: ${error.message}`);
    }
  }
  writeReleaseList(dir, branch, { releases: entries, withdrawn });
  return notices;
}

const LEFT_OUT = new Set(['NOT_FOUND', 'MANIFEST_INVALID', 'PATH_REFUSED', 'RELEASE_INCOMPATIBLE', 'RELEASE_CHANGED', 'RESPONSE_TOO_LARGE']);

interface PublishedVersions {
  versions: { version: string; sha256: string | null }[];
  withdrawn: WithdrawnRelease[];
}

async function publishedVersions(source: PublishedSource, branch: string): Promise<PublishedVersions | null> {
  const told = source.versions(branch);
  if (told !== null) return told.length === 0 ? null : { versions: told.map((version) => ({ version, sha256: null })), withdrawn: [] };
  const bytes = await source.read(releasesName(branch), branch, RELEASE_LIST_MAX_BYTES);
  if (bytes === null) return null;
  const { releases, withdrawn } = parseReleases(bytes, `the published ${releasesName(branch)}`, branch);
  return { versions: releases.map(({ version, manifest }) => ({ version, sha256: manifest.sha256 })), withdrawn };
}

function checkedEntry(branch: string, version: string, sha256: string | null, bytes: Buffer): ListedRelease {
  const manifest = parseManifest(bytes, `the manifest of ${version}`);
  const entry = listedRelease(branch, bytes);
  if (manifest.version === version && (manifest.branch ?? branch) === branch && (sha256 ?? entry.manifest.sha256) === entry.manifest.sha256)
    return entry;
  throw new UpdateError('RELEASE_CHANGED', `'${entry.manifest.path}' is not the manifest that is listed`);
}

function demandsOf({ version, requires }: Manifest): Pick<ListedRelease, 'version' | 'min_version' | 'arch'> {
  return { version, min_version: requires.min_version, arch: requires.arch };
}

async function takeBundle({ source, dir, branch }: Omit<ListToTake, 'offered'>, manifest: Manifest): Promise<void> {
  const path = bundlePath(bundleName(manifest));
  const { size, sha256 } = manifest.bundle ?? {};
  if (size === undefined || sha256 === undefined)
    throw new UpdateError('MANIFEST_INVALID', 'its manifest does not say the size and sha256 of its bundle');
  if (lstatOrNull(join(dir, path)) === null) await source.fetch(path, branch, join(dir, path), { size, sha256 });
}
