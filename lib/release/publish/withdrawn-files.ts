/** Takes withdrawn releases out of a folder that devices read: only what is the very release that was withdrawn. */
import { dirname, join } from 'node:path';
import { parseManifest } from '../../core/release/manifest.ts';
import { UpdateError } from '../../core/errors.ts';
import { bundlePath, keptManifestPath, manifestName } from '../../core/release/site-layout.ts';
import { fsyncDir, hashFile, lstatOrNull, unlinkIfThere } from '../../transaction/files/durable.ts';
import { readIfThere } from '../site/site.ts';
import type { Withdrawal } from '../site/withdrawn.ts';
import { isBundleNamed } from '../site/withdrawn.ts';

/** Removes their manifests, those of branches that have no release any more included; the paths of what was there. */
export function removeManifests(to: string, withdrawn: readonly Withdrawal[]): string[] {
  return withdrawn.flatMap((entry) => {
    const paths = [manifestName(entry.branch), keptManifestPath(entry.branch, entry.version)];
    return paths.filter((path) => isOf(readIfThere(join(to, path)), entry)).map((path) => removed(to, path));
  });
}

/** Removes their bundles, unless the site or a manifest there still has them; the paths of what was there. */
export function removeBundles(to: string, withdrawn: readonly Withdrawal[], wanted: ReadonlySet<string>): string[] {
  return withdrawn.flatMap(({ version, sha256 }) => {
    const name = `pikit-${version}.tar.gz`;
    const path = bundlePath(name);
    if (wanted.has(path) || lstatOrNull(join(to, path))?.isFile() !== true || hashFile(join(to, path)) !== sha256) return [];
    return isNamed(to, version, name) ? [] : [removed(to, path)];
  });
}

function removed(to: string, path: string): string {
  unlinkIfThere(join(to, path));
  fsyncDir(dirname(join(to, path)));
  return path;
}

/** Whether these bytes are the manifest of the withdrawn release, and not of another one under its number. */
export function isOf(bytes: Buffer | null, { version, sha256 }: Pick<Withdrawal, 'version' | 'sha256'>): boolean {
  if (bytes === null) return false;
  try {
    const manifest = parseManifest(bytes);
    return manifest.version === version && manifest.bundle?.sha256 === sha256;
  } catch (error) {
    if (error instanceof UpdateError) return false;
    throw error;
  }
}

/** The files that an unreadable manifest names are unknown. */
function isNamed(to: string, version: string, bundle: string): boolean {
  try {
    return isBundleNamed(to, { version }, bundle);
  } catch (error) {
    if (error instanceof UpdateError) return true;
    throw error;
  }
}
