/**
 * Builds a release into a site that may be live: the bundle first, under a temporary name until it is complete and on disk;
 * the manifest that names it last, replaced atomically. At any moment, and after a crash at any line, devices find either the
 * old release or the new one.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join, sep } from 'node:path';
import { STABLE } from '../core/branches.ts';
import { manifestName } from '../core/site-layout.ts';
import { UpdateError } from '../core/errors.ts';
import { compareVersions, parseVersion } from '../core/version.ts';
import { packBundle } from '../io/archive.ts';
import { fsyncDir, hashFile, lstatOrNull, writeDurable } from '../transaction/durable.ts';
import type { ReleaseContents } from './manifest-json.ts';
import { innerManifest, publishedManifest } from './manifest-json.ts';
import type { Published, Site } from './site.ts';
import { BUNDLES_NAME, openSite, publishedReleases, releaseOf } from './site.ts';
import { readTree } from './tree.ts';

export interface BuildOptions extends Omit<ReleaseContents, 'files'> {
  site: string;
  /** The folder that holds pikit-web/, pikit-api.py, helpers/ … */
  from: string;
  branch: string;
  released: Date;
  rolloutPercent: number | null;
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
  notices: string[];
}

/**
 * Builds and publishes a release. On failure the site offers what it offered before, without leftovers (but for a finished
 * bundle that no manifest names, if only the manifest could not be written). Throws SITE_INVALID, VERSION_INVALID,
 * VERSION_NOT_NEWER, INPUT_REFUSED or PATH_REFUSED for what is wrong with the input, RELEASE_CHANGED when the site has other
 * content under that version, BUSY when somebody else published meanwhile, CANCELLED after an abort.
 */
export async function buildRelease(options: BuildOptions): Promise<BuiltRelease> {
  parseVersion(options.version);
  assertBranchSupported(options.branch);
  const site = openSite(options.site);
  const before = publishedReleases(site);
  assertNewer(options.version, options.branch, before);
  assertRequirement(options);
  assertApart(options.site, options.from);
  const { files, notices } = readTree(options.from);
  assertConfigPaths(options.config, new Set(files.map((file) => file.path)));

  const contents: ReleaseContents = { ...options, files };
  const { reused, ...bundle } = await placeBundle(site, contents, options.signal);
  const sequence = nextSequence(before);
  const manifest = publishedManifest(contents, { ...options, sequence, bundle });
  if (nextSequence(publishedReleases(site)) !== sequence) {
    throw new UpdateError('BUSY', `another release was published to '${options.site}' meanwhile`, { hint: 'build again' });
  }
  writeDurable(join(site.dir, manifestName(options.branch)), manifest, { mode: 0o644 });
  return {
    version: options.version,
    branch: options.branch,
    sequence,
    manifest: manifestName(options.branch),
    bundle,
    files: files.length,
    reused,
    notices,
  };
}

/** Branches besides stable come with `pikit-release branch`; names and files are ready for them. */
function assertBranchSupported(branch: string): void {
  if (branch === STABLE) return;
  throw new UpdateError('USAGE', `this version of pikit-release builds for the branch '${STABLE}' only, not for '${branch}'`, {
    hint: 'leave --branch out; other branches come in a later version',
  });
}

function assertNewer(version: string, branch: string, releases: readonly Published[]): void {
  const current = releaseOf(releases, branch)?.manifest.version;
  if (current === undefined || compareVersions(version, current) > 0) return;
  throw new UpdateError('VERSION_NOT_NEWER', `${version} is not newer than ${current}, which the branch '${branch}' has now`, {
    hint: 'devices never go back by themselves: publish old content again under a newer version',
  });
}

function assertRequirement({ version, minVersion }: BuildOptions): void {
  if (minVersion === null) return;
  if (compareVersions(parseVersion(minVersion), version) <= 0) return;
  throw new UpdateError('INPUT_REFUSED', `no device could install ${version} if it needed ${minVersion} for that`);
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

function nextSequence(releases: readonly Published[]): number {
  return Math.max(0, ...releases.map(({ manifest }) => manifest.sequence ?? 0)) + 1;
}

interface PlacedBundle {
  name: string;
  size: number;
  sha256: string;
  reused: boolean;
}

async function placeBundle(site: Site, contents: ReleaseContents, signal: AbortSignal | undefined): Promise<PlacedBundle> {
  const name = `pikit-${contents.version}.tar.gz`;
  const folder = join(site.dir, BUNDLES_NAME);
  fs.mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  const packed = await packBundle({ out: temporary, manifestBytes: innerManifest(contents), files: contents.files, signal });
  try {
    if (lstatOrNull(path) !== null) {
      assertSameBundle(path, packed.sha256, contents.version);
      fs.unlinkSync(temporary);
      return { name, ...packed, reused: true };
    }
    fs.renameSync(temporary, path);
    fsyncDir(folder);
    return { name, ...packed, reused: false };
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

function assertSameBundle(path: string, sha256: string, version: string): void {
  if (hashFile(path) === sha256) return;
  throw new UpdateError('RELEASE_CHANGED', `'${path}' exists already, with other content`, {
    hint: `devices may have ${version} already: build under a new version (or, if that file was never published, delete it first)`,
  });
}
