/** Puts a release that one branch has on another one: the same bundle, the same bytes, nothing is built. */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError, mismatch } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { bundleName, sameRelease } from '../../core/release/manifest.ts';
import { manifestName } from '../../core/release/site-layout.ts';
import { parseVersion } from '../../core/release/version.ts';
import { hashFile, lstatOrNull } from '../../transaction/files/durable.ts';
import { assertBranch, branchNotices } from '../site/known-branch.ts';
import { releasedText, republishedManifest } from './manifest-json.ts';
import { assertNewer, nextSequence, putOnBranch } from './put-on-branch.ts';
import type { BranchManifest, Site } from '../site/site.ts';
import { BUNDLES_NAME, openSite, publishedReleases, releaseOf } from '../site/site.ts';
import type { SiteFile } from '../site/site-files.ts';
import { isPlaced, siteFiles } from '../site/site-files.ts';
import type { Signing } from '../trust/sign-role.ts';
import { assertCanSign } from '../trust/signing.ts';
import { allWithdrawn } from '../site/withdrawn.ts';
import { withBundleFiles } from '../publish/work-folder.ts';

export interface PromoteOptions {
  site: string;
  version: string;
  from: string;
  to: string;
  released: Date;
  /** Null: for all devices, or for those that have it already. */
  rolloutPercent: number | null;
  /** Who signs; null for an unsigned site. */
  signing?: Signing | null;
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
 * when `to` has other content under that version, SITE_INVALID when the bundle is not right, KEY_MISSING, KEY_INVALID, BUSY, CANCELLED.
 */
export async function promoteRelease(options: PromoteOptions): Promise<PromotedRelease> {
  const { to } = options;
  parseVersion(options.version);
  const site = openSite(options.site);
  assertBranch(site, options.from);
  assertBranch(site, to);
  assertCanSign(options.site, options.signing ?? null, { branches: [to], list: false });
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
    putOnBranch({ site: site.dir, branch: to, sequence, files: source.manifest.files, sourceOf, manifest, signing: options.signing ?? null }),
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

function sourceRelease(site: Site, releases: readonly BranchManifest[], { version, from, to }: PromoteOptions): BranchManifest {
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

function assertAcceptable({ version, to }: PromoteOptions, before: BranchManifest | null, releases: readonly BranchManifest[]): void {
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
  source: BranchManifest,
  signal: AbortSignal | undefined,
  act: (sourceOf: (file: SiteFile) => string) => T,
): Promise<T> {
  const { manifest, branch } = source;
  const placed = siteFiles(branch, manifest.files);
  if (placed.every((file) => isPlaced(site.dir, file))) {
    const at = new Map(placed.map((file) => [file.path, join(site.dir, file.at)]));
    return act(({ path }) => at.get(path) ?? '');
  }
  return await withBundleFiles(site.dir, manifest, signal, act);
}
