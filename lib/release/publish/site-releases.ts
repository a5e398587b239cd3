/** What a site has to publish: the current release of each branch, by version, with the files that belong to it. */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import { bundleName } from '../../core/release/manifest.ts';
import { bundlePath } from '../../core/release/site-layout.ts';
import { hashFile } from '../../transaction/files/durable.ts';
import type { WantedAsset, WantedRelease } from './publish-plan.ts';
import type { BranchManifest } from '../site/site.ts';
import type { Documents } from '../site/site-documents.ts';

export interface SiteManifest extends WantedAsset {
  branch: string;
  sequence: number | null;
  path: string;
}

export interface SiteRelease extends WantedRelease {
  manifests: readonly SiteManifest[];
  /** Name of an asset to the file with its bytes. */
  paths: ReadonlyMap<string, string>;
}

/** What the chosen branches offer, all of them if none is chosen; one of which all was withdrawn offers nothing. Throws USAGE for a branch without a release, SITE_INVALID. */
export function chosenReleases(
  site: string,
  all: readonly BranchManifest[],
  branches: readonly string[],
  withdrawn: readonly { branch: string }[] = [],
): readonly BranchManifest[] {
  for (const branch of branches) {
    if (![...all, ...withdrawn].some((one) => one.branch === branch)) {
      throw new UpdateError('USAGE', `the site '${site}' has no release on the branch '${branch}'`, {
        hint: `branches with a release: ${all.map((published) => published.branch).join(', ') || 'none'}`,
      });
    }
  }
  const chosen = branches.length === 0 ? all : all.filter(({ branch }) => branches.includes(branch));
  if (chosen.length > 0 || withdrawn.length > 0) return chosen;
  throw new UpdateError('SITE_INVALID', `the site '${site}' has no release yet`, { hint: 'build one first: pikit-release build' });
}

/** One release for each version, the one that was built first before the others: bundles of the site, manifests of the documents. */
export function releasesToPublish(site: string, documents: Pick<Documents, 'dir'>, chosen: readonly BranchManifest[]): SiteRelease[] {
  const versions = [...new Set(inOrder(chosen).map(({ manifest }) => manifest.version))];
  return versions.map((version) => toRelease(site, documents.dir, inOrder(chosen.filter(({ manifest }) => manifest.version === version))));
}

function inOrder(published: readonly BranchManifest[]): BranchManifest[] {
  return published.toSorted((a, b) => (a.manifest.sequence ?? 0) - (b.manifest.sequence ?? 0));
}

function toRelease(site: string, documents: string, published: readonly BranchManifest[]): SiteRelease {
  const manifests = published.map(({ branch, name, manifest }) => {
    const path = join(documents, name);
    return { name, branch, path, size: fs.statSync(path).size, sequence: manifest.sequence ?? null };
  });
  const first = published[0]?.manifest;
  if (first === undefined) throw new Error('a version without a manifest');
  const name = bundleName(first);
  const path = join(site, bundlePath(name));
  const changelog = first.changelog === '' ? '' : `\n\n${first.changelog}`;
  return {
    version: first.version,
    branches: published.map(({ branch }) => branch),
    notes: `${first.notes.trimEnd()}${changelog}`.trim(),
    bundle: { name, size: fs.statSync(path).size, sha256: hashFile(path) },
    manifests,
    paths: new Map([[name, path], ...manifests.map((file) => [file.name, file.path] as const)]),
  };
}
