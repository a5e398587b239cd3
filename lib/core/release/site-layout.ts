/** Names of the static layout that device and builder share (docs/hosting.md). */

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
 * A path below the site as an address has it: each name escaped once, so that blanks, `%`, `#` and `?` in it mean themselves.
 * `+` needs no escape in a path, and servers that know no escapes find bundles with build metadata.
 */
export function urlPath(path: string): string {
  return path
    .split('/')
    .map((name) => encodeURIComponent(name).replaceAll('%2B', '+'))
    .join('/');
}

/**
 * Path of a single file below the site, as it is on disk; callers encode it to make an address. `path` is the whole
 * path within the release: `pikit-web/index.html` of the package `web` on beta is `files/beta/web/pikit-web/index.html`.
 */
export function filePath(branch: string, packageName: string, path: string): string {
  return `files/${branch}/${packageName}/${path}`;
}

/** The releases that a branch has had, for devices that cannot go to the newest in one step: `releases.json`, `releases_<name>.json`. */
export function releasesName(branch: string): string {
  return branch === 'stable' ? 'releases.json' : `releases_${branch}.json`;
}

/** The branch of which a file is the list of releases, or null when it is none. */
export function releasesBranch(name: string): string | null {
  const match = /^releases(?:_([a-z0-9_]{1,64}))?\.json$/.exec(name);
  return match === null ? null : (match[1] ?? 'stable');
}

/** The folder of all manifests that are kept. */
export const MANIFESTS_NAME = 'manifests';

/** Path of the manifest of one release below the site, which stays there when the branch has a newer one. */
export function keptManifestPath(branch: string, version: string): string {
  return `${MANIFESTS_NAME}/${branch}/${version}.json`;
}

/** The branch and version that a path of a kept manifest names, or null when it is none. */
export function keptManifestOf(path: string): { branch: string; version: string } | null {
  const [, branch, version] = /^manifests\/([a-z0-9_]{1,64})\/([^/]+)\.json$/.exec(path) ?? [];
  return branch === undefined || version === undefined ? null : { branch, version };
}
