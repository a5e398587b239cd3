/**
 * Builds a release into a site that may be live: the bundle first, the manifest that names it last (offer.ts). At any moment,
 * and after a crash at any line, devices find either the old release or the new one.
 */
import fs from 'node:fs';
import { join, sep } from 'node:path';
import { manifestName } from '../../core/release/site-layout.ts';
import { UpdateError } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { compareVersions, parseVersion } from '../../core/release/version.ts';
import type { PackFile } from '../../io/bundle/pack-source.ts';
import { assertBranch, branchNotices } from '../site/known-branch.ts';
import type { ReleaseContents } from './manifest-json.ts';
import { publishedManifest } from './manifest-json.ts';
import { assertNewer, nextSequence, putOnBranch } from './put-on-branch.ts';
import { hasBundle, placeBundle } from './place-bundle.ts';
import { readReleaseList, stoneNotices } from '../site/release-lists.ts';
import { openSite, publishedReleases, releaseOf } from '../site/site.ts';
import { readTree } from './tree.ts';
import type { Signing } from '../trust/sign-role.ts';
import { assertCanSign } from '../trust/signing.ts';
import { allWithdrawn, assertSameContent, withdrawnNotices } from '../site/withdrawn.ts';

export interface BuildOptions extends Omit<ReleaseContents, 'files'> {
  site: string;
  /** The folder that holds pikit-web/, pikit-api.py, helpers/ … */
  from: string;
  branch: string;
  released: Date;
  rolloutPercent: number | null;
  /** Names and patterns of what is let in although it does not look as if it belonged into a release. */
  include?: readonly string[];
  /** Who signs; null for an unsigned site. */
  signing?: Signing | null;
  signal?: AbortSignal | undefined;
}

export interface BuiltRelease {
  version: string;
  branch: string;
  sequence: number;
  manifest: string;
  bundle: { name: string; size: number; sha256: string };
  files: number;
  /** The bundle was there already, with the same content. */
  reused: boolean;
  /** The branch had it already, just so: nothing was written, but for what an interrupted run had left undone. */
  already: boolean;
  notices: string[];
}

/**
 * Builds and publishes a release. The same release again is there already, also when a newer one came after it; the newest with another rollout, that is changed. On failure the site offers what it offered before, without leftovers (but for a finished
 * bundle that no manifest names, if only what follows could not be written). Throws SITE_INVALID, VERSION_INVALID,
 * VERSION_NOT_NEWER, INPUT_REFUSED or PATH_REFUSED for what is wrong with the input, RELEASE_CHANGED when the site has, or had, other
 * content under that version, KEY_MISSING and KEY_INVALID before anything is done, BUSY when another process published meanwhile, CANCELLED after an abort.
 */
export async function buildRelease(options: BuildOptions): Promise<BuiltRelease> {
  parseVersion(options.version);
  const site = openSite(options.site);
  assertBranch(site, options.branch);
  const before = publishedReleases(site);
  assertCanSign(options.site, options.signing ?? null, { branches: [options.branch], list: false });
  assertRequirement(options);
  assertApart(options.site, options.from);
  const { files, notices } = readTree(options.from, options.include);
  assertConfigPaths(options.config, new Set(files.map((file) => file.path)));
  assertCommands(options.run ?? [], files);
  const contents: ReleaseContents = { ...options, files };
  const current = releaseOf(before, options.branch);
  const already = current?.manifest.version === options.version ? current : null;
  if (current !== null && compareVersions(options.version, current.manifest.version) < 0) {
    const earlier = await earlierRelease(options, contents);
    if (earlier !== null) return { ...earlier, notices };
  }
  if (already === null) assertNewer(options.version, options.branch, before);

  const withdrawn = allWithdrawn(site.dir);
  const { reused, ...bundle } = await placeBundle(site.dir, contents, {
    signal: options.signal,
    check: (sha256) => {
      assertSameContent(withdrawn, options.version, sha256);
    },
  });
  const next = nextSequence(before, withdrawn);
  const isUnchanged = already !== null && sameOffer(already.manifest, bundle.sha256, options.rolloutPercent);
  const rolloutPercent = options.rolloutPercent ?? already?.manifest.rollout?.percent ?? null;
  const manifest = isUnchanged ? null : publishedManifest(contents, { ...options, rolloutPercent, sequence: next, bundle });
  const sourceOf = ({ path }: { path: string }): string => join(options.from, path);
  const leftOver = putOnBranch({ ...options, sequence: next, files, sourceOf, manifest });
  const requires = options.minVersion === null ? {} : { min_version: options.minVersion };
  const stones = stoneNotices(options.site, options.branch, { version: options.version, requires });
  return {
    version: options.version,
    branch: options.branch,
    sequence: isUnchanged ? (already.manifest.sequence ?? 0) : next,
    manifest: manifestName(options.branch),
    bundle,
    files: files.length,
    reused,
    already: isUnchanged,
    notices: [...notices, ...branchNotices(site, options.branch), ...stones, ...withdrawnNotices(withdrawn, options), ...leftOver],
  };
}

/**
 * The same release again after a newer one: null when the branch does not list that version, or its bundle is not there any more.
 * Throws RELEASE_CHANGED when it had it with other content, MANIFEST_INVALID for a list that cannot be read.
 */
async function earlierRelease(
  { site, branch, version, signal }: BuildOptions,
  contents: ReleaseContents,
): Promise<Omit<BuiltRelease, 'notices'> | null> {
  const listed = readReleaseList(site, branch).find((release) => release.version === version);
  if (listed === undefined || !hasBundle(site, version)) return null;
  const { reused, ...bundle } = await placeBundle(site, contents, { signal });
  const { path } = listed.manifest;
  return { version, branch, sequence: listed.sequence ?? 0, manifest: path, bundle, files: contents.files.length, reused, already: true };
}

/** Whether nothing of what devices see would change: the time of a release says when it was built first. */
function sameOffer({ bundle, rollout }: Manifest, sha256: string, percent: number | null): boolean {
  return bundle?.sha256 === sha256 && (percent === null || percent === (rollout?.percent ?? null));
}

function assertRequirement({ version, minVersion }: BuildOptions): void {
  if (minVersion === null) return;
  if (compareVersions(parseVersion(minVersion), version) <= 0) return;
  throw new UpdateError('INPUT_REFUSED', `no device could install ${version} if it needed ${minVersion} for that`);
}

/** Devices run files of the very release only, and only those that can be executed. */
function assertCommands(commands: readonly (readonly string[])[], files: readonly PackFile[]): void {
  for (const [path = ''] of commands) {
    const file = files.find((one) => one.path === path);
    if (file === undefined)
      throw new UpdateError('INPUT_REFUSED', `--run '${path}' is no file of the release`, {
        hint: 'name it by its path in the release, such as helpers/migrate.sh',
      });
    if ((file.mode & 0o111) === 0) throw new UpdateError('INPUT_REFUSED', `--run '${path}' is not executable`, { hint: `chmod +x '${path}'` });
  }
}

function assertApart(site: string, from: string): void {
  if (!fs.existsSync(from)) return;
  if (`${fs.realpathSync(site)}${sep}`.startsWith(`${fs.realpathSync(from)}${sep}`)) {
    throw new UpdateError('INPUT_REFUSED', `the site '${site}' lies inside '${from}', so releases would contain all earlier ones`);
  }
}

function assertConfigPaths(config: readonly string[], paths: ReadonlySet<string>): void {
  for (const path of config) {
    if (!paths.has(path)) throw new UpdateError('INPUT_REFUSED', `'${path}' was given as configuration, but the release has no such file`);
  }
}
