/**
 * Names and limits of signed metadata (The Update Framework, specification 1.0), as a site has it:
 *
 *   tuf/root.json, tuf/N.root.json          the newest root, and every root that there was
 *   tuf/timestamp.json                      renewed most often: it names the snapshot
 *   tuf/N.snapshot.json                     names the version of every file below
 *   tuf/N.targets.json                      names the documents by their sha256, and which branches have keys of their own
 *   tuf/N.branch-<name>.json                the same for the two documents of a branch with keys of its own
 *   tuf/targets/<sha256>.<name>             copies of the documents under their digest
 *   tuf/targets/<sha256>.<name>.gz          the same compressed, where that is much smaller: the digest is that of the document
 *
 * A target is a document of the static layout under its plain name: `branches.json`, `manifest.json`, `manifest_<branch>.json`,
 * `releases.json`, `releases_<branch>.json`. Members of ours begin with `x-pikit-`; other clients pass over them.
 */
import { manifestName, releasesName } from '../release/site-layout.ts';

/** The folder of a site with all metadata. */
export const METADATA_FOLDER = 'tuf';

/** The most bytes that each kind of metadata may have; more is cut off while it comes. Sites have a few KiB of each. */
export const METADATA_MAX_BYTES = { root: 64 * 1024, timestamp: 16 * 1024, snapshot: 2 * 1024 * 1024, targets: 5 * 1024 * 1024 } as const;

/** How many new roots are taken at one time: a device that was off for longer takes the rest next time. */
export const MAX_ROOT_ROTATIONS = 256;

/** How many roles are asked for one target, beyond `targets` itself. */
export const MAX_DELEGATIONS = 8;

/** In every `signed`: the days for which the role is signed each time. */
export const EXPIRY_DAYS_MEMBER = 'x-pikit-expiry-days';
/** In a key: its name or its holder, for people. */
export const KEY_NAME_MEMBER = 'x-pikit-name';
/** In a timestamp: the ISO time of signing. A clock that is behind it is wrong. */
export const SIGNED_AT_MEMBER = 'x-pikit-signed-at';
/** In the `custom` of a target: its copy is there in gzip as well. */
export const GZIP_MEMBER = 'x-pikit-gzip';

/** Path of a file of metadata below the site. */
export function metadataPath(name: string): string {
  return `${METADATA_FOLDER}/${name}`;
}

/** Path of the copy of a target under its digest. */
export function targetCopyPath(path: string, sha256: string): string {
  const slash = path.lastIndexOf('/') + 1;
  return `${METADATA_FOLDER}/targets/${path.slice(0, slash)}${sha256}.${path.slice(slash)}`;
}

/** Path of the same copy in gzip. */
export function gzipCopyPath(path: string, sha256: string): string {
  return `${targetCopyPath(path, sha256)}.gz`;
}

/** The role that signs for a branch with keys of its own. */
export function branchRole(branch: string): string {
  return `branch-${branch}`;
}

/** The targets that the role of a branch may name, and no others. */
export function branchTargets(branch: string): string[] {
  return [manifestName(branch), releasesName(branch)];
}
