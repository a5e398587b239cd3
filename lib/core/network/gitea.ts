/**
 * Which release of a repository has a file of the static layout. Releases are tagged `v1.4.0` or `1.4.0`, and have as assets
 * `pikit-1.4.0.tar.gz`, and `manifest.json` (stable) or `manifest_<branch>.json`; one of them has `branches.json`. Drafts do not
 * count, and on stable neither do pre-releases:
 *   manifest.json       the highest version by its tag. The server's own "latest" goes by creation time: a 1.3.9 published after
 *                       1.4.0 would be it
 *   manifest_beta.json  the newest, whatever its version: off stable any different one may be the one to have
 *   branches.json       the newest that has it
 *   manifests/beta/<version>.json   the manifest_beta.json of that version
 *   bundles/<name>      the release of that version, or else any that has it
 * The release of the signed metadata (tag `tuf`) has files of its own, at an address that needs no list, and counts for none of these.
 * Of two releases of one version (tags `v1.4.0` and `1.4.0`) it is the one that has manifest and bundle both, and of two such the
 * newer, for manifest and bundle alike: so they come from the same one.
 */
import * as z from 'zod';
import { parseDocument } from '../json.ts';
import { isMetadataTag } from './gitea-address.ts';
import { quotable } from '../release/release-path.ts';
import { keptManifestOf, manifestName } from '../release/site-layout.ts';
import { compareVersions, isVersion } from '../release/version.ts';

/** 50 releases with long notes have about 1 MiB. */
export const RELEASES_MAX_BYTES = 8 * 1024 * 1024;
const MAX_ON_A_PAGE = 1000;

const Time = z.string().transform((text) => {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? 0 : ms;
});

export const GiteaAsset = z.object({
  id: z.int(),
  name: z.string(),
  size: z.int().nonnegative(),
  /** On GitHub an asset is listed while it is being uploaded. */
  state: z.string().optional(),
});
export type GiteaAsset = z.infer<typeof GiteaAsset>;

export const GiteaRelease = z.object({
  id: z.int(),
  tag_name: z.string(),
  body: z.string().nullish(),
  draft: z.boolean().default(false),
  prerelease: z.boolean().default(false),
  created_at: Time,
  published_at: Time.nullish(),
  assets: z
    .array(GiteaAsset)
    .nullish()
    .transform((assets) => (assets ?? []).filter(({ state }) => state === undefined || state === 'uploaded')),
});
export type GiteaRelease = z.infer<typeof GiteaRelease>;

/** Parses one page of a list of releases. Throws HTTP_PROTOCOL: whatever answered, it was not the API. */
export function parseGiteaReleases(bytes: Uint8Array, what: string): GiteaRelease[] {
  return parseDocument(bytes, z.array(GiteaRelease).max(MAX_ON_A_PAGE), { what, maxBytes: RELEASES_MAX_BYTES, code: 'HTTP_PROTOCOL' });
}

/** The version that a tag names, or null. */
export function versionOfTag(tag: string): string | null {
  const version = tag.replace(/^v/, '');
  return isVersion(version) ? version : null;
}

export type GiteaLocation = { release: GiteaRelease; asset: string } | { missing: string };

/** Finds a file of the static layout, or says in half a sentence what is missing. */
export function findFile(releases: readonly GiteaRelease[], path: string, branch: string): GiteaLocation {
  const kept = keptManifestOf(path);
  if (kept !== null) {
    const ofVersion = releases.filter(({ tag_name: tag }) => versionOfTag(tag) === kept.version);
    return findFile(ofVersion, manifestName(kept.branch), kept.branch);
  }
  const asset = path.replace(/^bundles\//, '');
  const visible = releases.filter(isVisible);
  const having = asset.includes('/') ? [] : visible.filter((release) => has(release, asset));
  const order = path.startsWith('bundles/') ? bundleOrder(asset, branch) : asset === manifestName('stable') ? stableOrder : newestFirst;
  const candidates = asset === manifestName('stable') ? having.filter(isStable) : having;
  const release = candidates.toSorted(order)[0];
  return release === undefined ? { missing: whatIsMissing(visible, asset) } : { release, asset };
}

/** The versions of which devices of a branch can have the manifest. */
export function versionsOn(releases: readonly GiteaRelease[], branch: string): string[] {
  const name = manifestName(branch);
  const having = releases.filter((release) => isVisible(release) && has(release, name) && (branch !== 'stable' || isStable(release)));
  return [...new Set(having.flatMap(({ tag_name: tag }) => versionOfTag(tag) ?? []))];
}

type Order = (a: GiteaRelease, b: GiteaRelease) => number;

export const newestFirst: Order = (a, b) => (b.published_at ?? b.created_at) - (a.published_at ?? a.created_at) || b.id - a.id;

const stableOrder: Order = (a, b) =>
  compareVersions(versionOfTag(b.tag_name) ?? '0.0.0-0', versionOfTag(a.tag_name) ?? '0.0.0-0') || completeFirst('stable')(a, b) || newestFirst(a, b);

function bundleOrder(name: string, branch: string): Order {
  const isOf = ({ tag_name: tag }: GiteaRelease): number => (name === `pikit-${versionOfTag(tag) ?? ''}.tar.gz` ? 0 : 1);
  return (a, b) => isOf(a) - isOf(b) || completeFirst(branch)(a, b) || newestFirst(a, b);
}

function completeFirst(branch: string): Order {
  const rank = (release: GiteaRelease): number => (has(release, manifestName(branch)) && release.assets.some(isBundle) ? 0 : 1);
  return (a, b) => rank(a) - rank(b);
}

function isBundle({ name }: GiteaAsset): boolean {
  return name.endsWith('.tar.gz');
}

function has(release: GiteaRelease, name: string): boolean {
  return release.assets.some((asset) => asset.name === name);
}

function isStable({ prerelease, tag_name: tag }: GiteaRelease): boolean {
  return !prerelease && versionOfTag(tag) !== null;
}

/** Whether devices can see it, and it is there to be installed. */
function isVisible({ draft, tag_name: tag }: GiteaRelease): boolean {
  return !draft && isSafe(tag) && !isMetadataTag(tag);
}

/** What git would take as the name of a tag; as a part of an address, `.` and `..` would lead out of its folder, even escaped. */
function isSafe(tag: string): boolean {
  return /^[^\s\p{Cc}\p{Cs}]{1,200}$/u.test(tag) && !/^\.{1,2}$/.test(tag);
}

function whatIsMissing(visible: readonly GiteaRelease[], asset: string): string {
  const version = /^pikit-(.+)\.tar\.gz$/.exec(asset)?.[1];
  const named = visible.filter(({ tag_name: tag }) => version !== undefined && versionOfTag(tag) === version);
  const newest = visible.filter((release) => versionOfTag(release.tag_name) !== null && (asset !== manifestName('stable') || isStable(release)));
  const release = [...named.toSorted(newestFirst), ...newest.toSorted(asset === manifestName('stable') ? stableOrder : newestFirst)][0];
  if (release === undefined) return visible.length === 0 ? 'it has no releases' : 'none of its releases has a version as its tag';
  return `its release '${quotable(release.tag_name)}' has no asset '${asset}'${named.length > 0 ? '' : ', and no other release that counts has one'}`;
}
