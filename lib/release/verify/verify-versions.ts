import type { Manifest } from '../../core/release/manifest.ts';
import { bundleName, sameRelease } from '../../core/release/manifest.ts';

/**
 * One sentence for each version that is another release on another branch: a device that has it from there would take it for
 * installed. Keyed by the file names of the manifests.
 */
export function versionProblems(manifests: ReadonlyMap<string, Manifest>): string[] {
  const first = new Map<string, { name: string; manifest: Manifest }>();
  return [...manifests].flatMap(([name, manifest]) => {
    const other = first.get(manifest.version);
    if (other === undefined) {
      first.set(manifest.version, { name, manifest });
      return [];
    }
    const what = difference(manifest, other.manifest);
    return what === null ? [] : [`${name}: its ${manifest.version} is not the ${manifest.version} of ${other.name}: ${what} differs`];
  });
}

function difference(a: Manifest, b: Manifest): string | null {
  if (!sameRelease(a, b)) return 'the content';
  if (bundleName(a) !== bundleName(b)) return 'the name of the bundle';
  return a.bundle?.sha256 === b.bundle?.sha256 ? null : 'the bundle';
}
