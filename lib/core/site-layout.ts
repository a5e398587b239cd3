/** Names of the static layout that device and builder share (design: "Static layout"). */

/** The branches that a site has besides stable. */
export const BRANCHES_NAME = 'branches.json';

/** How often each entry of branches.json was changed: for those who publish, devices have no use for it. */
export const BRANCH_RECORD_NAME = 'branches_sequence.json';

/** `manifest.json` for stable, `manifest_<name>.json` for the others (OBS RFC 48). */
export function manifestName(branch: string): string {
  return branch === 'stable' ? 'manifest.json' : `manifest_${branch}.json`;
}

/** Path of a bundle below the site. */
export function bundlePath(name: string): string {
  return `bundles/${name}`;
}

/**
 * Path of a single file below the site, as it is on disk; whoever makes an address of it encodes it then. `path` is the whole
 * path within the release: `pikit-web/index.html` of the package `web` on beta is `files/beta/web/pikit-web/index.html`.
 */
export function filePath(branch: string, packageName: string, path: string): string {
  return `files/${branch}/${packageName}/${path}`;
}
