/**
 * The moment in which a branch gets another release. The order is what keeps a live site right: the bundle is there already;
 * the single files come next, then the list of releases; the manifest that names them all is replaced atomically; on a signed site the signatures
 * follow (lib/release/trust/signing.ts); what only the release before had is removed last. A crash at any line leaves the old manifest or the new one, each with its bundle; single files may be of the
 * other release by then, which devices see by their hashes, and the next release on the branch puts right.
 */
import { join } from 'node:path';
import { STABLE } from '../../core/release/branches.ts';
import { UpdateError } from '../../core/errors.ts';
import { manifestName } from '../../core/release/site-layout.ts';
import { compareVersions } from '../../core/release/version.ts';
import { notNewer } from '../../core/release/version-order.ts';
import { writeDurable } from '../../transaction/files/durable.ts';
import { assertBranch } from '../site/known-branch.ts';
import type { ReleaseFile, SiteFile } from '../site/site-files.ts';
import { siteFiles, stageFiles, sweepFiles } from '../site/site-files.ts';
import { withSiteLock } from '../site/site-lock.ts';
import type { BranchManifest } from '../site/site.ts';
import { planList, writeList } from '../site/release-lists.ts';
import { openSite, publishedReleases, readIfThere, releaseOf } from '../site/site.ts';
import { allWithdrawn } from '../site/withdrawn.ts';
import type { Signing } from '../trust/sign-role.ts';
import { signDocuments } from '../trust/signing.ts';

export interface PlacedOnBranch {
  site: string;
  branch: string;
  /** The number that the manifest has; the site must not have got another release since it was chosen. */
  sequence: number;
  files: readonly ReleaseFile[];
  /** Where the bytes of a file can be read. */
  sourceOf: (file: SiteFile) => string;
  /** Null when the branch has it already, and only the files are to be put right. */
  manifest: Buffer | null;
  /** Null for an unsigned site. */
  signing?: Signing | null;
}

/**
 * Makes the release what the branch offers. Throws BUSY when another process published meanwhile, INPUT_REFUSED when the branch was
 * removed or a source is not what the release says, KEY_MISSING and KEY_INVALID; the site offers what it offered before then. Once the manifest is replaced
 * nothing fails any more: the answer is what is worth knowing.
 */
export function putOnBranch({ site: dir, branch, sequence, files, sourceOf, manifest, signing = null }: PlacedOnBranch): string[] {
  return withSiteLock(dir, () => {
    const site = openSite(dir);
    assertBranch(site, branch);
    const placed = siteFiles(branch, files);
    const name = manifestName(branch);
    const offered = manifest ?? readIfThere(join(dir, name));
    const list = offered === null ? null : planList(dir, branch, offered);
    const documents = offered === null || list === null ? [] : [[name, offered] as const, [list.name, list.list] as const];
    const signed = signDocuments(dir, signing, new Map(documents));
    const staged = stageFiles(dir, placed, sourceOf);
    try {
      // Last of all: the number was chosen before the lock was taken, and not everything that writes to a site takes it.
      assertStillNext(dir, sequence, publishedReleases(site));
      staged.place();
    } catch (error) {
      staged.discard();
      throw error;
    }
    // What the list names is there before it is listed, and what devices are offered is listed before it is.
    if (list !== null) writeList(dir, list);
    if (manifest !== null) writeDurable(join(dir, name), manifest, { mode: 0o644 });
    return [...signed.write(), ...sweepNotices(dir, branch, placed)];
  });
}

function sweepNotices(dir: string, branch: string, placed: readonly SiteFile[]): string[] {
  try {
    sweepFiles(dir, branch, placed);
    return [];
  } catch (error) {
    // Safe to go on: files that no manifest names are never read, and the next release removes them.
    const reason = error instanceof Error ? error.message : String(error);
    return [`files of the previous release are still in 'files/${branch}/': ${reason}`];
  }
}

/** Releases are counted across all branches, and withdrawals with them. */
export function nextSequence(releases: readonly BranchManifest[], withdrawn: readonly { sequence: number }[] = []): number {
  return Math.max(0, ...releases.map(({ manifest }) => manifest.sequence ?? 0), ...withdrawn.map(({ sequence }) => sequence)) + 1;
}

/**
 * Throws VERSION_NOT_NEWER when the branch has this version, or a newer one. Off stable a version that differs in build metadata
 * alone is another release; on stable devices would take it for the one that they have.
 */
export function assertNewer(version: string, branch: string, releases: readonly BranchManifest[]): void {
  const current = releaseOf(releases, branch)?.manifest.version;
  if (current === undefined) return;
  const order = compareVersions(version, current);
  if (order > 0 || (order === 0 && version !== current && branch !== STABLE)) return;
  throw notNewer(version, current, branch);
}

/** Throws BUSY when the number is not the next one any more. */
export function assertStillNext(dir: string, sequence: number, releases: readonly BranchManifest[]): void {
  if (nextSequence(releases, allWithdrawn(dir)) === sequence) return;
  throw new UpdateError('BUSY', `another release was published to '${dir}' meanwhile`, { hint: 'run the command again' });
}
