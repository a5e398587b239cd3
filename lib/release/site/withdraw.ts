/**
 * `pikit-release withdraw`: takes the newest release of a branch back. The branch offers the release before it again, under a new
 * number, so that a comparison of numbers sees it as newer; a branch without one has no manifest then.
 * The order is what keeps a live site right: first everything that the release before needs; then the list, which remembers
 * the withdrawal; then the manifest, atomically, and on a signed site the signatures of both; what only the withdrawn release had is removed last. A crash at any line leaves
 * a branch that offers the one or the other, each complete, and the same command finishes it.
 */
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { STABLE } from '../../core/release/branches.ts';
import { UpdateError } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { bundleName } from '../../core/release/manifest.ts';
import { closestWord } from '../../core/command-line/closest-word.ts';
import { bundlePath, keptManifestPath, manifestName, releasesName } from '../../core/release/site-layout.ts';
import { parseVersion } from '../../core/release/version.ts';
import { fsyncDir, hashFile, lstatOrNull, removeTree, unlinkIfThere, writeDurable } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import { assertBranch } from './known-branch.ts';
import { releasedText, republishedManifest } from '../builder/manifest-json.ts';
import { assertStillNext, nextSequence } from '../builder/put-on-branch.ts';
import { listedRelease, readReleaseList, releaseListBytes, writeReleaseList } from './release-lists.ts';
import { FILES_NAME, siteFiles, stageFiles, sweepFiles } from './site-files.ts';
import { withSiteLock } from './site-lock.ts';
import type { BranchManifest, Site } from './site.ts';
import { openSite, publishedReleases, readIfThere, readManifest, releaseOf } from './site.ts';
import { allWithdrawn, isBundleNamed, withdrawnOn } from './withdrawn.ts';
import type { Signing } from '../trust/sign-role.ts';
import type { SignedChange } from '../trust/signing.ts';
import { assertCanSign, signDocuments } from '../trust/signing.ts';
import { withBundleFiles } from '../publish/work-folder.ts';

export interface WithdrawOptions {
  site: string;
  version: string;
  branch: string;
  /** When the release before is offered again, if its manifest does not say when it was made. */
  released: Date;
  /** Who signs; null for an unsigned site. */
  signing?: Signing | null;
  signal?: AbortSignal | undefined;
}

export interface WithdrawnReport {
  version: string;
  branch: string;
  /** What the branch offers now; null for nothing. */
  offered: string | null;
  /** Of the withdrawal, and of the manifest that is offered again. */
  sequence: number;
  /** Its bundle is gone; false where another branch has it. */
  bundleRemoved: boolean;
  /** It was withdrawn before; what an interrupted run left undone is done now. */
  already: boolean;
  notices: string[];
}

/**
 * Takes the newest release of a branch back. On failure the site offers what it offered before. Throws VERSION_INVALID,
 * INPUT_REFUSED for a branch or version that is not there or not the newest, SITE_INVALID when the release before cannot be
 * offered again, KEY_MISSING, KEY_INVALID, BUSY when another process published meanwhile, CANCELLED.
 */
export async function withdrawRelease(options: WithdrawOptions): Promise<WithdrawnReport> {
  const { branch, version } = options;
  parseVersion(version);
  const site = openSite(options.site);
  assertBranch(site, branch);
  assertCanSign(site.dir, options.signing ?? null, { branches: [branch], list: false });
  const releases = publishedReleases(site);
  const current = releaseOf(releases, branch);
  if (current?.manifest.version !== version) {
    const known = withdrawnOn(site.dir, branch).find((entry) => entry.version === version);
    if (known === undefined) throw notNewest(site, branch, version, current);
    const bundleRemoved = withSiteLock(site.dir, () => {
      signDocuments(site.dir, options.signing ?? null, documentsNow(site.dir, branch)).write();
      return clean(site.dir, branch, known);
    });
    return { version, branch, offered: current?.manifest.version ?? null, sequence: known.sequence, bundleRemoved, already: true, notices: [] };
  }
  const sequence = nextSequence(releases, allWithdrawn(site.dir));
  const before = releaseBefore(site.dir, branch, version);
  const sha256 = bundleHash(site.dir, current.manifest);
  const withdraw = (sourceOf: SourceOf): boolean => takeBack(options, { before, sequence, sha256, sourceOf });
  const bundleRemoved = before === null ? withdraw(() => '') : await withBundleFiles(site.dir, before, options.signal, withdraw);
  const offered = before?.version ?? null;
  return { version, branch, offered, sequence, bundleRemoved, already: false, notices: noticesFor(options, offered) };
}

type SourceOf = (file: { path: string }) => string;

export interface TakingBack {
  /** What is offered again; null for nothing. */
  before: Manifest | null;
  sequence: number;
  /** Of the bundle that is withdrawn. */
  sha256: string;
  /** Where the files of the release before can be read. */
  sourceOf: SourceOf;
}

/** The moment of the withdrawal, under the lock of the site; whether the bundle is gone. Throws BUSY when another process published meanwhile. */
export function takeBack(options: WithdrawOptions, again: TakingBack): boolean {
  const { site: dir, branch, version } = options;
  return withSiteLock(dir, () => {
    assertStillNext(dir, again.sequence, publishedReleases(openSite(dir)));
    offerAgain(options, again);
    return clean(dir, branch, { version, sha256: again.sha256 });
  });
}

/** The list and then the manifest, and their signatures; with what both name before that. */
function offerAgain(
  { site: dir, branch, version, released, signing = null }: WithdrawOptions,
  { before, sequence, sha256, sourceOf }: TakingBack,
): void {
  const withdrawn = [{ version, sequence, sha256 }, ...withdrawnOn(dir, branch).filter((entry) => entry.version !== version)];
  const others = readReleaseList(dir, branch).filter((entry) => entry.version !== version && entry.version !== before?.version);
  const path = join(dir, manifestName(branch));
  const sign = (manifest: Buffer | null, list: Buffer): SignedChange =>
    signDocuments(dir, signing, new Map([[manifestName(branch), manifest] as const, [releasesName(branch), list] as const]));
  if (before === null) {
    const signed = sign(null, releaseListBytes(others, withdrawn));
    writeReleaseList(dir, branch, { releases: others, withdrawn });
    unlinkIfThere(path);
    fsyncDir(dir);
    signed.write();
    return;
  }
  const kept = join(dir, keptManifestPath(branch, before.version));
  const manifest = republishedManifest(fs.readFileSync(kept), {
    branch,
    released: before.released ?? releasedText(released),
    sequence,
    rolloutPercent: before.rollout?.percent ?? null,
  });
  const releases = [...others, listedRelease(branch, manifest)];
  const signed = sign(manifest, releaseListBytes(releases, withdrawn));
  const staged = stageFiles(dir, siteFiles(branch, before.files), sourceOf);
  try {
    staged.place();
  } finally {
    staged.discard();
  }
  mkdirDurable(dirname(kept), 0o755);
  writeDurable(kept, manifest, { mode: 0o644 });
  writeReleaseList(dir, branch, { releases, withdrawn });
  writeDurable(path, manifest, { mode: 0o644 });
  signed.write();
}

/** The documents of a branch as they are, for a run before that was cut short between them and their signatures. */
function documentsNow(dir: string, branch: string): Map<string, Buffer | null> {
  return new Map([manifestName(branch), releasesName(branch)].map((name) => [name, readIfThere(join(dir, name))]));
}

/** Removes what only the withdrawn release had; whether its bundle is gone. */
function clean(dir: string, branch: string, { version, sha256 }: { version: string; sha256: string }): boolean {
  unlinkIfThere(join(dir, keptManifestPath(branch, version)));
  const bytes = readIfThere(join(dir, manifestName(branch)));
  if (bytes === null) removeTree(join(dir, FILES_NAME, branch));
  else if (fs.existsSync(join(dir, FILES_NAME, branch))) sweepFiles(dir, branch, siteFiles(branch, readManifest(dir, manifestName(branch)).files));
  const name = `pikit-${version}.tar.gz`;
  const bundle = join(dir, bundlePath(name));
  if (lstatOrNull(bundle) === null) return true;
  if (isBundleNamed(dir, { version }, name) || hashFile(bundle) !== sha256) return false;
  unlinkIfThere(bundle);
  fsyncDir(dirname(bundle));
  return true;
}

/** The release that the branch had before, or null when this was its first. */
function releaseBefore(dir: string, branch: string, version: string): Manifest | null {
  const list = readReleaseList(dir, branch);
  // An interrupted withdrawal has written the list, and not yet the manifest.
  if (![...list, ...withdrawnOn(dir, branch)].some((entry) => entry.version === version)) {
    throw new UpdateError(
      'SITE_INVALID',
      `the list of the releases of '${branch}' does not have ${version}: what the branch had before is not known`,
      {
        hint: 'the site is of an earlier version of pikit-release, or the list was changed: build a newer release instead',
      },
    );
  }
  const before = list.find((entry) => entry.version !== version);
  if (before === undefined) return null;
  const problem = (why: string): UpdateError =>
    new UpdateError('SITE_INVALID', `${before.version}, which the branch '${branch}' had before, cannot be offered again: ${why}`, {
      hint: 'build a newer release instead',
    });
  const path = keptManifestPath(branch, before.version);
  if (lstatOrNull(join(dir, path)) === null) throw problem(`'${path}' is not there`);
  const manifest = readManifest(dir, path);
  const bundle = bundlePath(bundleName(manifest));
  if (manifest.version !== before.version) throw problem(`'${path}' is of ${manifest.version}`);
  if (lstatOrNull(join(dir, bundle))?.isFile() !== true) throw problem(`'${bundle}' is not there`);
  if (hashFile(join(dir, bundle)) !== manifest.bundle?.sha256) throw problem(`'${bundle}' is not what its manifest says`);
  return manifest;
}

function bundleHash(dir: string, manifest: Manifest): string {
  const path = join(dir, bundlePath(bundleName(manifest)));
  return manifest.bundle?.sha256 ?? hashFile(path);
}

function notNewest(site: Site, branch: string, version: string, current: BranchManifest | null): UpdateError {
  const now = current?.manifest.version ?? null;
  const versions = readReleaseList(site.dir, branch).map((entry) => entry.version);
  if (now !== null && versions.includes(version)) {
    return new UpdateError('INPUT_REFUSED', `only the newest release of a branch can be withdrawn: '${branch}' has ${now} now, not ${version}`, {
      hint: `what came before ${now} is not offered any more, but devices may be sent there on their way; to go further back, withdraw ${now} first`,
    });
  }
  const meant = closestWord(version, versions);
  const hint = now === null ? 'there is nothing to withdraw' : `${meant === null ? '' : `did you mean ${meant}? `}it offers ${now} now`;
  return new UpdateError('INPUT_REFUSED', `the branch '${branch}' has ${now === null ? 'no release' : `never had a release ${version}`}`, { hint });
}

function noticesFor({ site, branch, version }: WithdrawOptions, offered: string | null): string[] {
  const keep = `devices that have installed ${version} keep it: a device never rolls back on its own`;
  const then = branch === STABLE ? `until there is a release newer than ${version}` : 'and offer what is there now as an older release';
  const none =
    offered === null ? [`the branch '${branch}' has no release now: devices say that nothing is published there, and stay as they are`] : [];
  return [`${keep}, ${then}`, ...none, `devices still find ${version} where it is published, until: pikit-release publish --site ${site} --to …`];
}
