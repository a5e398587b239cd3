/** Puts a release that one branch has on another one: the same bundle, the same bytes, nothing is built. */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError, mismatch } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import { bundleName, sameRelease } from '../core/manifest.ts';
import { manifestName } from '../core/site-layout.ts';
import { parseVersion } from '../core/version.ts';
import { unpackBundle } from '../io/archive.ts';
import { hashFile, lstatOrNull } from '../transaction/durable.ts';
import { assertBranch, branchNotices } from './known-branch.ts';
import { releasedText, republishedManifest } from './manifest-json.ts';
import { assertNewer, nextSequence, offerRelease } from './offer.ts';
import type { Published, Site } from './site.ts';
import { BUNDLES_NAME, openSite, publishedReleases, releaseOf } from './site.ts';
import type { SiteFile } from './site-files.ts';
import { isPlaced, siteFiles } from './site-files.ts';
import { allWithdrawn } from './withdrawn.ts';
import { openWorkFolder } from './work-folder.ts';

export interface PromoteOptions {
  site: string;
  version: string;
  from: string;
  to: string;
  released: Date;
  /** Null: for all devices, or for those that have it already. */
  rolloutPercent: number | null;
  signal?: AbortSignal | undefined;
}

export interface PromotedRelease {
  version: string;
  from: string;
  branch: string;
  sequence: number;
  manifest: string;
  bundle: string;
  files: number;
  rolloutPercent: number | null;
  /** The branch had it; what an interrupted run left undone is done now. */
  already: boolean;
  notices: string[];
}

/**
 * Makes what `from` offers now the release of `to`. Notes, changelog and requirements go along; the rollout does not. Where the
 * release is on `to` already, only what is missing is done, and the rollout changed if one is given. On failure the site offers
 * what it offered before. Throws INPUT_REFUSED for a branch or a version that is not there, VERSION_NOT_NEWER, RELEASE_CHANGED
 * when `to` has other content under that version, SITE_INVALID when the bundle is not right, BUSY, CANCELLED.
 */
export async function promoteRelease(options: PromoteOptions): Promise<PromotedRelease> {
  const { to } = options;
  parseVersion(options.version);
  const site = openSite(options.site);
  assertBranch(site, options.from);
  assertBranch(site, to);
  const releases = publishedReleases(site);
  const source = sourceRelease(site, releases, options);
  const before = releaseOf(releases, to);
  const already = before !== null && isSame(before.manifest, source.manifest);
  if (!already) assertAcceptable(options, before, releases);
  assertBundle(site, source.manifest);

  const current = already ? before.manifest : null;
  const rolloutPercent = options.rolloutPercent ?? current?.rollout?.percent ?? null;
  const isUnchanged = already && rolloutPercent === (current?.rollout?.percent ?? null);
  const sequence = nextSequence(releases, allWithdrawn(site.dir));
  const released = current?.released ?? releasedText(options.released);
  const base = fs.readFileSync(join(site.dir, already ? before.name : source.name));
  const manifest = isUnchanged ? null : republishedManifest(base, { branch: to, released, sequence, rolloutPercent });
  const notices = await withBytes(site, source, options.signal, (sourceOf) =>
    offerRelease({ site: site.dir, branch: to, sequence, files: source.manifest.files, sourceOf, manifest }),
  );
  return {
    version: options.version,
    from: options.from,
    branch: to,
    sequence: isUnchanged ? (current?.sequence ?? 0) : sequence,
    manifest: manifestName(to),
    bundle: bundleName(source.manifest),
    files: source.manifest.files.length,
    rolloutPercent,
    already,
    notices: [...branchNotices(site, to), ...notices],
  };
}

function isSame(a: Manifest, b: Manifest): boolean {
  return sameRelease(a, b) && bundleName(a) === bundleName(b) && a.bundle?.sha256 === b.bundle?.sha256;
}

function sourceRelease(site: Site, releases: readonly Published[], { version, from, to }: PromoteOptions): Published {
  const found = releaseOf(releases, from);
  if (found === null) {
    throw new UpdateError('INPUT_REFUSED', `the branch '${from}' has no release to promote`, {
      hint: `build one: pikit-release build --branch ${from} --site ${site.dir} --from TREE --version ${version}`,
    });
  }
  if (found.manifest.version === version) return found;
  const others = releases.filter(({ manifest, branch }) => manifest.version === version && branch !== to).map(({ branch }) => branch);
  const elsewhere = others.length === 0 ? '' : `; ${version} is on '${others.join("', '")}'`;
  throw new UpdateError('INPUT_REFUSED', `the branch '${from}' has ${found.manifest.version} now, not ${version}${elsewhere}`, {
    hint: `only what a branch offers now can be promoted: name ${found.manifest.version}, or another branch`,
  });
}

function assertAcceptable({ version, to }: PromoteOptions, before: Published | null, releases: readonly Published[]): void {
  if (before?.manifest.version === version) {
    throw new UpdateError('RELEASE_CHANGED', `the branch '${to}' has ${version} already, with other content`, {
      hint: 'devices may have it: build the release you want under a new version',
    });
  }
  assertNewer(version, to, releases);
}

/** What goes to more devices now has to be what its manifest says. */
function assertBundle(site: Site, manifest: Manifest): void {
  const name = bundleName(manifest);
  const path = join(site.dir, BUNDLES_NAME, name);
  const problem = lstatOrNull(path)?.isFile() === true ? hashProblem(path, manifest) : 'it is missing';
  if (problem === null) return;
  throw new UpdateError('SITE_INVALID', `the bundle '${path}' cannot be promoted: ${problem}`, {
    hint: `look at everything that is wrong with: pikit-release verify --site ${site.dir}`,
  });
}

function hashProblem(path: string, { bundle }: Manifest): string | null {
  if (bundle?.sha256 === undefined) return 'its manifest does not have its sha256';
  const actual = hashFile(path);
  return actual === bundle.sha256 ? null : mismatch('sha256', bundle.sha256, actual);
}

/** Gives `act` the files of a release: those of its branch or, where one is missing there, all from the bundle. */
async function withBytes<T>(
  site: Site,
  source: Published,
  signal: AbortSignal | undefined,
  act: (sourceOf: (file: SiteFile) => string) => T,
): Promise<T> {
  const { manifest, branch } = source;
  const placed = siteFiles(branch, manifest.files);
  if (placed.every((file) => isPlaced(site.dir, file))) {
    const at = new Map(placed.map((file) => [file.path, join(site.dir, file.at)]));
    return act(({ path }) => at.get(path) ?? '');
  }
  const bundle = join(site.dir, BUNDLES_NAME, bundleName(manifest));
  const work = openWorkFolder(site.dir, bundleName(manifest));
  try {
    const into = join(work.path, 'files');
    await unpackBundle({ bundle, files: manifest.files, into, limits: { unpackedBytes: Number.MAX_SAFE_INTEGER }, signal });
    return act(({ path }) => join(into, path));
  } finally {
    work.remove();
  }
}
