/** The manifest that the last check saw, as it lies in the cache. */
import { createHash } from 'node:crypto';
import { UpdateError } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import { MANIFEST_MAX_BYTES, parseManifest } from '../core/manifest.ts';
import { keptManifestPath, manifestName } from '../core/site-layout.ts';
import type { Available } from '../core/state.ts';
import { readPlain } from '../transaction/plain-file.ts';

/** The manifest of what is available. Throws RELEASE_CHANGED when the cache holds another one, or none. */
export function readCachedManifest(cacheDir: string, available: Available): Manifest {
  const { branch, version } = available;
  const file = `${cacheDir}/source/${manifestName(branch)}`;
  // The newest of the branch, or one on the way to it.
  for (const path of [file, `${cacheDir}/source/${keptManifestPath(branch, version)}`]) {
    const read = readPlain(path, { maxBytes: MANIFEST_MAX_BYTES });
    if (read.is === 'there' && createHash('sha256').update(read.bytes).digest('hex') === available.manifest_sha256) {
      return parseManifest(read.bytes, `'${path}'`);
    }
  }
  throw new UpdateError('RELEASE_CHANGED', `'${file}' is not the manifest of ${available.version} that the last check saw`, {
    hint: '`pikit-update check` gets it again',
  });
}
