/**
 * A site: the folder that devices read, served by any web server.
 *   branches.json  manifest.json  manifest_<branch>.json  releases.json  releases_<branch>.json  manifests/  bundles/  files/  patches/  deltas/  tuf/ (signed sites only)
 * branches.json makes a folder a site; it is written last when one is created.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import type { Branch } from '../../core/release/branches.ts';
import { STABLE, parseBranches } from '../../core/release/branches.ts';
import { BRANCHES_NAME, MANIFESTS_NAME, manifestName } from '../../core/release/site-layout.ts';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { parseManifest } from '../../core/release/manifest.ts';

export const BUNDLES_NAME = 'bundles';
/** Folders of every site, besides the metadata of signed ones. */
export const SITE_FOLDERS = [BUNDLES_NAME, MANIFESTS_NAME, 'files', 'patches', 'deltas'] as const;
export const TUF_NAME = 'tuf';

export interface Site {
  dir: string;
  branches: Branch[];
}

/** What a branch offers now. */
export interface BranchManifest {
  branch: string;
  /** File name of the manifest. */
  name: string;
  manifest: Manifest;
}

/** Opens a site. Throws SITE_INVALID when the folder is not one, or its list of branches cannot be read. */
export function openSite(dir: string): Site {
  const bytes = readIfThere(join(dir, BRANCHES_NAME));
  if (bytes === null) {
    throw new UpdateError('SITE_INVALID', `'${dir}' is not a site: it has no ${BRANCHES_NAME}`, {
      hint: `create one with: pikit-release init --site ${dir}`,
    });
  }
  return { dir, branches: parseBranches(bytes, `'${join(dir, BRANCHES_NAME)}'`) };
}

/** Whether the site has signed metadata, which goes along with every change then (lib/release/trust/signing.ts). */
export function isSigned(dir: string): boolean {
  return fs.existsSync(join(dir, TUF_NAME));
}

/** The manifests a site has, by file name, whether or not their branch is listed. */
export function manifestFiles(dir: string): { branch: string; name: string }[] {
  const found = fs.readdirSync(dir).flatMap((name) => {
    const match = /^manifest(?:_([a-z0-9_]+))?\.json$/.exec(name);
    return match === null ? [] : [{ branch: match[1] ?? STABLE, name }];
  });
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Reads one manifest of a site. Throws what parseManifest throws, naming the file. */
export function readManifest(dir: string, name: string): Manifest {
  return parseManifest(fs.readFileSync(join(dir, name)), `'${join(dir, name)}'`);
}

/** What all branches offer. Throws SITE_INVALID when one of the manifests cannot be read. */
export function publishedReleases(site: Site): BranchManifest[] {
  return manifestFiles(site.dir).map(({ branch, name }) => {
    try {
      return { branch, name, manifest: readManifest(site.dir, name) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new UpdateError('SITE_INVALID', reason, {
        cause: error,
        hint: `look at everything that is wrong with: pikit-release verify --site ${site.dir}`,
      });
    }
  });
}

/** What one branch offers, or null before its first release. */
export function releaseOf(releases: readonly BranchManifest[], branch: string): BranchManifest | null {
  return releases.find(({ name }) => name === manifestName(branch)) ?? null;
}

/** The bytes of a file, or null when it is not there. Every other error is thrown. */
export function readIfThere(path: string): Buffer | null {
  try {
    return fs.readFileSync(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return null;
    throw error;
  }
}
