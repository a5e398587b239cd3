/** What this device trusts: the root that its owner gave it, and what root has verified since. */
import fs from 'node:fs';
import { UpdateError, errnoOf } from '../core/errors.ts';
import type { TrustState } from '../core/trust/trust-state.ts';
import type { RoleFacts } from '../io/trust/metadata-types.ts';
import { openMetadata } from '../io/trust/metadata-client.ts';
import { folderStore } from '../io/trust/metadata-store.ts';
import type { ReaderDeps } from './deps.ts';
import { RESET_HINT, trustedRootBytes } from './trust-place.ts';
import { readTrusted } from './trust-set.ts';

export interface TrustShown {
  /** The version of the root as the owner gave it, and of the newest that was verified since. */
  given: number;
  newest: number;
  /** Every role with its keys: of the newest metadata that root has verified, or for others of what the owner gave. */
  roles: RoleFacts[];
  /** Whether what root has verified could be read. */
  isComplete: boolean;
  /** What the last check found; null before the first one. */
  state: TrustState | null;
}

/**
 * Null where no root is trusted. Makes no request, and changes nothing. Throws TRUST_INVALID where one was trusted, and is gone or
 * damaged.
 */
export function trustShown({ paths, files, now }: Pick<ReaderDeps, 'paths' | 'files' | 'now'>): TrustShown | null {
  const bytes = trustedRootBytes(paths);
  const floor = files.readPublished()?.trust ?? null;
  const verified = sightOf(paths.trusted);
  if (bytes === null) {
    if (floor === null && verified !== 'there') return null;
    throw new UpdateError('TRUST_INVALID', `'${paths.trustRoot}' does not exist, and this device has verified signatures by it`, {
      hint: RESET_HINT,
    });
  }
  const { version } = readTrusted(bytes, paths.trustRoot);
  const isComplete = verified !== 'closed';
  const nothing = { get: () => Promise.resolve(null) };
  const client = openMetadata({
    initialRoot: bytes,
    store: folderStore(paths.trusted),
    source: nothing,
    now: now(),
  });
  const { root } = client.state();
  // What others than root may not read, root has let them know.
  const newest = isComplete ? root : Math.max(root, floor?.root ?? 0);
  return { given: version, newest, roles: client.roles(), isComplete, state: files.readState().trust ?? null };
}

/** `closed`: only root can see whether it is there. */
function sightOf(dir: string): 'there' | 'absent' | 'closed' {
  try {
    return fs.readdirSync(dir).length > 0 ? 'there' : 'absent';
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'EACCES') return 'closed';
    if (errno === 'ENOENT' || errno === 'ENOTDIR') return 'absent';
    throw error;
  }
}
