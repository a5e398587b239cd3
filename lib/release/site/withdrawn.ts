/** The releases of a site that were taken back (pikit-release withdraw), as the lists of its branches remember them. */
import fs from 'node:fs';
import { join } from 'node:path';
import { STABLE } from '../../core/release/branches.ts';
import { UpdateError } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { bundleName } from '../../core/release/manifest.ts';
import type { WithdrawnRelease } from '../../core/release/release-list.ts';
import { parseReleases } from '../../core/release/release-list.ts';
import { keptManifestPath, releasesBranch, releasesName } from '../../core/release/site-layout.ts';
import { compareVersions } from '../../core/release/version.ts';
import { lstatOrNull } from '../../transaction/files/durable.ts';
import type { BranchManifest } from './site.ts';
import { manifestFiles, readIfThere, readManifest } from './site.ts';

/** A withdrawal, with the branch that it was on. */
export type Withdrawal = WithdrawnRelease & { branch: string };

/** What was taken back from one branch. A list that cannot be read remembers nothing: it is made anew. */
export function withdrawnOn(dir: string, branch: string): WithdrawnRelease[] {
  const bytes = readIfThere(join(dir, releasesName(branch)));
  if (bytes === null) return [];
  try {
    return parseReleases(bytes, releasesName(branch), branch).withdrawn;
  } catch (error) {
    if (error instanceof UpdateError) return [];
    throw error;
  }
}

/** What was taken back from any branch. */
export function allWithdrawn(dir: string): Withdrawal[] {
  const branches = fs.readdirSync(dir).flatMap((name) => releasesBranch(name) ?? []);
  return branches.toSorted().flatMap((branch) => withdrawnOn(dir, branch).map((entry) => ({ ...entry, branch })));
}

/** Those that are carried out: an interrupted withdrawal is written down while its branch still offers the release. */
export function carriedOut(withdrawn: readonly Withdrawal[], offered: readonly BranchManifest[]): Withdrawal[] {
  const isOffered = ({ branch, version }: Withdrawal): boolean => offered.some((one) => one.branch === branch && one.manifest.version === version);
  return withdrawn.filter((entry) => !isOffered(entry));
}

/** Throws RELEASE_CHANGED for a version that was taken back, and had other content: devices may have it. */
export function assertSameContent(withdrawn: readonly Withdrawal[], version: string, sha256: string): void {
  const changed = withdrawn.find((entry) => entry.version === version && entry.sha256 !== sha256);
  if (changed === undefined) return;
  throw new UpdateError('RELEASE_CHANGED', `${version} was withdrawn from the branch '${changed.branch}', and had other content`, {
    hint: `devices may have installed ${version}: build the repaired release under a new, higher version`,
  });
}

/** Devices on stable that have a withdrawn release take only what is newer than that. */
export function withdrawnNotices(withdrawn: readonly Withdrawal[], { version, branch }: { version: string; branch: string }): string[] {
  if (branch !== STABLE) return [];
  return withdrawn
    .filter((entry) => entry.branch === STABLE && compareVersions(entry.version, version) > 0)
    .map((entry) => `devices that installed ${entry.version} before it was withdrawn keep it: ${version} is older`);
}

/** Whether a manifest that a branch offers, or has offered, names the bundle of a version. Throws what parseManifest throws. */
export function isBundleNamed(dir: string, { version }: Pick<Manifest, 'version'>, bundle: string): boolean {
  const manifests = manifestFiles(dir);
  if (manifests.some(({ name }) => bundleName(readManifest(dir, name)) === bundle)) return true;
  const kept = join(dir, keptManifestPath(STABLE, version), '../..');
  const folders = fs.existsSync(kept) ? fs.readdirSync(kept) : [];
  return folders.some((branch) => lstatOrNull(join(dir, keptManifestPath(branch, version))) !== null);
}
