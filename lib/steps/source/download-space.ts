/** The preflight of fetch: what download, staging, targets and backup will take on each filesystem, before the first byte. */
import fs from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../core/device/config.ts';
import { UpdateError } from '../../core/errors.ts';
import { allowBundle } from '../../core/offer/owner-hints.ts';
import { formatBytes } from '../../core/quantities.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import type { Need } from '../../core/device/disk-space.ts';
import { assertFits, blocksOf } from '../../core/device/disk-space.ts';
import { mapToDevice } from '../../core/release/targets.ts';
import { hashFile } from '../../transaction/files/durable.ts';
import type { NetworkDeps } from '../deps.ts';

/** Throws NO_SPACE or NO_INODES naming the filesystem, RESPONSE_TOO_LARGE when the bundle is over limits.bundle_bytes. */
export function assertSpaceForDownload(deps: NetworkDeps, config: Config, manifest: Manifest, bundle: string): void {
  const bundleBytes = manifest.bundle?.size ?? 0;
  if (bundleBytes > config.limits.bundle_bytes) {
    throw new UpdateError(
      'RESPONSE_TOO_LARGE',
      `the bundle has ${formatBytes(bundleBytes)}, limits.bundle_bytes allows ${formatBytes(config.limits.bundle_bytes)}`,
      { hint: allowBundle(bundleBytes) },
    );
  }
  const have = Math.max(sizeOf(`${bundle}.partial`), sizeOf(bundle));
  const sizes = manifest.files.map((file) => file.size ?? 0);
  const staging: Need = { path: deps.paths.cacheDir, bytes: blocksOf([...sizes, Math.max(0, bundleBytes - have)]), inodes: 2 * sizes.length + 4 };
  assertFits([staging, ...installNeeds(deps, config, manifest)], deps.freeSpace);
}

/**
 * New bytes beside each target that changes, and a copy of the old ones if links to them are not possible. What is installed is
 * known from what root has published: this user may not be allowed to look at the live files, and does not have to.
 */
function installNeeds(deps: NetworkDeps, config: Config, manifest: Manifest): Need[] {
  const mapped = mapToDevice(
    manifest.files.map((file) => file.path),
    config.target,
  );
  const backups = deps.freeSpace(deps.paths.backupDir).device;
  const installed = installedHere(deps);
  return manifest.files.flatMap((file) => {
    const path = mapped.get(file.path) ?? '';
    if (installed.get(path) === file.sha256) return [];
    const live = join(deps.paths.root, path);
    const old = sizeOf(live);
    if (old === file.size && hasDigest(live, file.sha256)) return [];
    const needs: Need[] = [{ path: live, bytes: blocksOf([file.size ?? 0]), inodes: 2 }];
    if (old > 0 && deps.freeSpace(live).device !== backups) needs.push({ path: deps.paths.backupDir, bytes: blocksOf([old]), inodes: 1 });
    return needs;
  });
}

/** Path to sha256 of what the last step of root has installed; empty where it has not told, or told of another version. */
function installedHere({ files }: NetworkDeps): ReadonlyMap<string, string> {
  const published = files.readPublished();
  const known = published === null || published.version !== files.readVersion() ? null : published.installed;
  return new Map((known?.files ?? []).map(({ path, sha256 }) => [path, sha256]));
}

function hasDigest(path: string, sha256: string): boolean {
  try {
    return hashFile(path) === sha256;
  } catch {
    // Safe to ignore: a file that cannot be read here counts as one that changes.
    return false;
  }
}

function sizeOf(path: string): number {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  } catch {
    // Safe to ignore: what this user may not look at counts as absent; apply counts again, as root, before it changes anything.
    return 0;
  }
}
