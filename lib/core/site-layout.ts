/** Names of the static layout that device and builder share (design: "Static layout"). */

/** `manifest.json` for stable, `manifest_<name>.json` for the others (OBS RFC 48). */
export function manifestName(branch: string): string {
  return branch === 'stable' ? 'manifest.json' : `manifest_${branch}.json`;
}

/** Path of a bundle below the site. */
export function bundlePath(name: string): string {
  return `bundles/${name}`;
}
