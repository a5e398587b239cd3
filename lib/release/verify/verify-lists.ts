/** Checks the lists of releases: what they name is there, and is what it should be. */
import { join } from 'node:path';
import { UpdateError, mismatch } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { bundleName, parseManifest } from '../../core/release/manifest.ts';
import type { ListedRelease } from '../../core/release/release-list.ts';
import { bundlePath, releasesName } from '../../core/release/site-layout.ts';
import { lstatOrNull } from '../../transaction/files/durable.ts';
import { sha256Of } from '../../core/digest.ts';
import { readReleaseList } from '../site/release-lists.ts';
import { readIfThere } from '../site/site.ts';
import { isSteppingStone } from '../site/kept-bundles.ts';

export interface Listed {
  problems: string[];
  notices: string[];
  /** The kept manifests that are as they should be, by their paths. */
  manifests: Map<string, Manifest>;
}

/** `offered`: the branches with what they offer now. */
export function checkLists(dir: string, offered: readonly { branch: string; version: string }[]): Listed {
  const listed: Listed = { problems: [], notices: [], manifests: new Map() };
  for (const { branch, version } of offered) {
    const name = releasesName(branch);
    try {
      const releases = readReleaseList(dir, branch);
      if (!releases.some((release) => release.version === version)) {
        listed.notices.push(`${name} does not list ${version}: the next release on '${branch}' puts it there`);
      }
      const newest = releases.find((release) => release.version === version) ?? { version };
      for (const release of releases) checkOne({ dir, branch, isNeeded: isSteppingStone(release, newest) }, release, listed);
    } catch (error) {
      if (!(error instanceof UpdateError)) throw error;
      listed.problems.push(`${name}: ${error.message}`);
    }
  }
  return listed;
}

function checkOne(
  { dir, branch, isNeeded }: { dir: string; branch: string; isNeeded: boolean },
  { version, manifest: { path, size, sha256 } }: ListedRelease,
  { problems, notices, manifests }: Listed,
): void {
  const bytes = readIfThere(join(dir, path));
  if (bytes === null) {
    problems.push(`${path}: it is missing`);
    return;
  }
  if (bytes.length !== size || sha256Of(bytes) !== sha256) {
    problems.push(`${path}: ${bytes.length === size ? mismatch('sha256', sha256, sha256Of(bytes)) : mismatch('size', size, bytes.length)}`);
    return;
  }
  try {
    const manifest = parseManifest(bytes, 'it');
    const isIt = manifest.version === version && (manifest.branch === undefined || manifest.branch === branch);
    // Of what is offered now a missing bundle is a problem, and verify tells it as that.
    if (isIt && lstatOrNull(join(dir, bundlePath(bundleName(manifest)))) === null) {
      if (isNeeded) notices.push(`${bundlePath(bundleName(manifest))} is not there any more: devices that need ${version} first cannot go on`);
    } else if (isIt) manifests.set(path, manifest);
    else problems.push(`${path}: it is of ${manifest.version} on '${manifest.branch ?? branch}'`);
  } catch (error) {
    problems.push(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
