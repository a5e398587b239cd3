/** The manifest that the last check saw, as it lies in the cache. */
import { createHash } from 'node:crypto';
import { UpdateError } from '../core/errors.ts';
import type { Manifest } from '../core/release/manifest.ts';
import { MANIFEST_MAX_BYTES, parseManifest } from '../core/release/manifest.ts';
import { keptManifestPath, manifestName } from '../core/release/site-layout.ts';
import type { Available } from '../core/device/state.ts';
import { untrustedBytes } from '../transaction/files/untrusted-files.ts';

/** The manifest of what is available. Throws RELEASE_CHANGED when the cache holds another one, or none. */
export function readCachedManifest(cacheDir: string, available: Available): Manifest {
  const { branch, version } = available;
  const file = `source/${manifestName(branch)}`;
  // The newest of the branch, or one on the way to it.
  for (const path of [file, `source/${keptManifestPath(branch, version)}`]) {
    const bytes = untrustedBytes(cacheDir, path, MANIFEST_MAX_BYTES);
    if (bytes !== null && createHash('sha256').update(bytes).digest('hex') === available.manifest_sha256) {
      return parseManifest(bytes, `'${cacheDir}/${path}'`);
    }
  }
  throw new UpdateError('RELEASE_CHANGED', `'${cacheDir}/${file}' is not the manifest of ${available.version} that the last check saw`, {
    hint: '`pikit-update check` fetches it again',
  });
}
