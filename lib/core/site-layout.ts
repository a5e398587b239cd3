/** Names of the static layout that device and builder share (design: "Static layout"). */

/** The branches that a site has besides stable. */
export const BRANCHES_NAME = 'branches.json';

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
 * Path of a single file below the site, as it is on disk; whoever makes an address of it encodes it then. `path` is the whole
 * path within the release: `pikit-web/index.html` of the package `web` on beta is `files/beta/web/pikit-web/index.html`.
 */
export function filePath(branch: string, packageName: string, path: string): string {
  return `files/${branch}/${packageName}/${path}`;
}
