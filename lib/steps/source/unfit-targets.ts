/** What the step that downloads can see of the places where a release goes: better told before the download than after it. */
import type { Config } from '../../core/device/config.ts';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import type { Manifest } from '../../core/release/manifest.ts';
import { mapToDevice } from '../../core/release/targets.ts';
import { examineParents } from '../../transaction/plan/parents.ts';
import type { TransactionPaths } from '../../transaction/transaction-paths.ts';
import type { StepDeps } from '../deps.ts';

/** Managed files are root's to know: a file where a directory is to be may be one that leaves. */
const ANYTHING_MAY_LEAVE = { has: () => true };

/**
 * What root will refuse: DEST_UNSAFE naming all directories that others can write to, DEST_TYPE for a link on the way; or null.
 * Directories that are closed to this user count as right: root looks again.
 */
export function unfitTargets({ place, paths }: Pick<StepDeps, 'place' | 'paths'>, config: Config, manifest: Manifest): UpdateError | null {
  const mapped = mapToDevice(
    manifest.files.map((file) => file.path),
    config.target,
  );
  // On a device root installs what another user has downloaded.
  const asRoot: TransactionPaths = paths.root === '/' ? { ...place, owner: { uid: 0, gid: 0 } } : place;
  const parents = examineParents(asRoot, ANYTHING_MAY_LEAVE);
  for (const path of [...mapped.values(), `${place.backups}/any`]) {
    try {
      parents.above(path);
    } catch (error) {
      if (error instanceof UpdateError) return error;
      if (errnoOf(error) !== 'EACCES') throw error;
    }
  }
  return parents.unsafe();
}
