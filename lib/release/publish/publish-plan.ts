/**
 * What has to be done so that a repository on Gitea offers what a site offers. Pure: from what is wanted and what is there to a
 * list of steps, which is empty when nothing is left to do. After each of its steps, and wherever it is cut off, devices find
 * either what they found before, or what is wanted:
 *  - a new release is a draft until it is complete
 *  - in a public one the bundle comes before the manifest that names it, and a file is replaced by uploading the new one beside
 *    the old one (Gitea allows two of one name, and gives the older) and deleting that afterwards, the oldest last: it is what devices
 *    find until then
 *  - a pre-release becomes a release when its manifest.json is there
 */
import { STABLE } from '../../core/release/branches.ts';
import type { GiteaAsset, GiteaRelease } from '../../core/network/gitea.ts';
import { findFile, newestFirst, versionOfTag } from '../../core/network/gitea.ts';
import { manifestName } from '../../core/release/site-layout.ts';

export interface WantedAsset {
  name: string;
  size: number;
}

export interface WantedRelease {
  version: string;
  /** The branches that offer it; of these, not of others, it gets the manifests. */
  branches: readonly string[];
  notes: string;
  bundle: WantedAsset & { sha256: string };
  /** Of each branch. */
  manifests: readonly WantedAsset[];
}

export type PublishStep =
  | { do: 'create'; tag: string; name: string; body: string; prerelease: boolean }
  | { do: 'upload'; name: string }
  | { do: 'delete'; asset: number; name: string }
  | { do: 'show'; prerelease: boolean };

/** The release of a version: a public one before a draft, and of two public ones the one that devices would take. */
export function releaseOfVersion(releases: readonly GiteaRelease[], version: string): GiteaRelease | null {
  const of = releases.filter(({ tag_name: tag }) => versionOfTag(tag) === version);
  return of.toSorted((a, b) => Number(a.draft) - Number(b.draft) || newestFirst(a, b))[0] ?? null;
}

/** The steps for one release. `right` are the assets (by id) that are known to hold what is wanted. */
export function planRelease(wanted: WantedRelease, there: GiteaRelease | null, right: ReadonlySet<number>): PublishStep[] {
  const { version, bundle, manifests, notes } = wanted;
  const isPrerelease = !wanted.branches.includes(STABLE);
  const files = [bundle, ...manifests].flatMap(({ name }) => planAsset(name, there?.assets ?? [], right));
  if (there === null) {
    const body = `${notes === '' ? '' : `${notes.trimEnd()}\n\n`}${sha256Line(wanted)}\n`;
    return [{ do: 'create', tag: `v${version}`, name: version, body, prerelease: isPrerelease }, ...files, { do: 'show', prerelease: isPrerelease }];
  }
  if (there.draft) return [...files, { do: 'show', prerelease: isPrerelease }];
  // Only ever towards stable: what is a release for some devices is never taken back by publishing another branch.
  return there.prerelease && !isPrerelease ? [...files, { do: 'show', prerelease: false }] : files;
}

/** The steps for one file of a release: exactly one asset of that name stays. */
export function planAsset(name: string, assets: readonly GiteaAsset[], right: ReadonlySet<number>): PublishStep[] {
  const same = assets.filter((asset) => asset.name === name);
  const youngestFirst = same.toSorted((a, b) => b.id - a.id);
  const keep = youngestFirst.find(({ id }) => right.has(id));
  const rest = youngestFirst.filter((asset) => asset !== keep).map(({ id }): PublishStep => ({ do: 'delete', asset: id, name }));
  return keep === undefined ? [{ do: 'upload', name }, ...rest] : rest;
}

/**
 * Whether the bundle that is there can be taken for ours by its size alone. Gitea tells no digest; but a release that we made
 * has it in its text, and in a draft no one else has seen what it belongs to.
 */
export function isBundle(wanted: WantedRelease, there: GiteaRelease, asset: GiteaAsset): boolean {
  if (asset.name !== wanted.bundle.name || asset.size !== wanted.bundle.size) return false;
  return !there.draft || (there.body ?? '').includes(sha256Line(wanted));
}

function sha256Line({ bundle }: WantedRelease): string {
  return `sha256 ${bundle.sha256}  ${bundle.name}`;
}

/** A manifest of another release that devices of a branch would find instead of ours. */
export interface ShadowedAsset {
  release: GiteaRelease;
  branch: string;
  asset: GiteaAsset;
}

/** Everything that hides what is wanted of a branch: going back to an older version off stable leaves the newer one in front. */
export function shadowedAssets(releases: readonly GiteaRelease[], branch: string, version: string): ShadowedAsset[] {
  const name = manifestName(branch);
  const found = findFile(releases, name, branch);
  if ('missing' in found || versionOfTag(found.release.tag_name) === version) return [];
  const { release } = found;
  const assets = release.assets.filter((asset) => asset.name === name).map((asset) => ({ release, branch, asset }));
  return [
    ...assets,
    ...shadowedAssets(
      releases.filter((other) => other !== release),
      branch,
      version,
    ),
  ];
}

/** The release that has, or is to have, the list of branches: the one where devices look for it, or the newest. */
export function releaseForBranches(releases: readonly GiteaRelease[]): GiteaRelease | null {
  const found = findFile(releases, 'branches.json', STABLE);
  if (!('missing' in found)) return found.release;
  return releases.filter(({ draft, tag_name: tag }) => !draft && versionOfTag(tag) !== null).toSorted(newestFirst)[0] ?? null;
}
