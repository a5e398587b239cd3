/** The manifest that the last check saw, as it lies in the cache. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { UpdateError, errnoOf } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import { parseManifest } from '../core/manifest.ts';
import { manifestName } from '../core/site-layout.ts';
import type { Available } from '../core/state.ts';

/** The manifest of what is available. Throws RELEASE_CHANGED when the cache holds another one, or none. */
export function readCachedManifest(cacheDir: string, available: Available): Manifest {
  const file = `${cacheDir}/source/${manifestName(available.branch)}`;
  const bytes = readOrNull(file);
  if (bytes !== null && createHash('sha256').update(bytes).digest('hex') === available.manifest_sha256) return parseManifest(bytes, `'${file}'`);
  throw new UpdateError('RELEASE_CHANGED', `'${file}' is not the manifest of ${available.version} that the last check saw`, {
    hint: '`pikit-update check` gets it again',
  });
}

function readOrNull(file: string): Buffer | null {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}
