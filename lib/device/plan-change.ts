/** From a manifest alone to what its installation would change: nothing has to be downloaded for it, and nothing is written. */
import fs from 'node:fs';
import type { Config } from '../core/device/config.ts';
import type { UpdateError } from '../core/errors.ts';
import { errnoOf } from '../core/errors.ts';
import type { Manifest } from '../core/release/manifest.ts';
import type { PublicFacts } from '../core/device/public-facts.ts';
import { readInstalled } from '../transaction/change/installed.ts';
import { manifestChange } from '../transaction/manifest-change.ts';
import { immutable, lockedError } from '../transaction/plan/unreplaceable.ts';
import type { TransactionPaths } from '../transaction/transaction-paths.ts';
import { onDisk } from '../transaction/transaction-paths.ts';
import type { Installed, Plan } from '../transaction/types.ts';
import { foreseeChange } from '../transaction/plan/plan.ts';
import { hiddenChanges } from './unreadable.ts';

export interface ReleasePlan {
  plan: Plan;
  /** Whether it could be known what is installed: root knows, and may have let others know. */
  complete: boolean;
  /** Whether some of the files could not be read: what they are is guessed by what the installed release brought. */
  guessed: boolean;
  /** Those among them that no release brought; what they hold is not known. */
  hiddenForeign: { path: string; sha256: '' }[];
  /** Why root would refuse it as things are: DEST_UNSAFE, DEST_LOCKED. */
  refusal: UpdateError | null;
  /** Paths that the installed release brought, as far as that is known. */
  ours: ReadonlySet<string>;
}

/**
 * Plans the files of a release; `published` is asked where root's own list cannot be read. Throws what foreseeChange() throws, and
 * STATE_INVALID when installed.json is damaged.
 */
export function planReleaseHere(
  place: TransactionPaths,
  config: Config,
  manifest: Manifest,
  branch: string,
  published: () => PublicFacts | null,
): ReleasePlan {
  const known = installedIfAllowed(place, published);
  // Its content is not needed: where it is the same as the live one, that one tells whether it is a script.
  const change = manifestChange(manifest, config, branch, known.installed, ({ size = 0 }, path) => ({
    size,
    isScript: startsWithShebang(onDisk(place, path)),
    content: { from: 'file', file: '' },
  }));
  const { puts, deletes } = change;
  const shipped = new Map((known.installed?.files ?? []).map((file) => [file.path, file.sha256]));
  const hidden = hiddenChanges(place, puts, deletes, new Map((known.installed?.files ?? []).map((file) => [file.path, file])));
  const { plan, unsafe } = foreseeChange(place, {
    ...change,
    puts: puts.filter(({ path }) => !hidden.paths.has(path)),
    deletes: deletes.filter((path) => !hidden.paths.has(path)),
  });
  const hiddenForeign = [...hidden.paths].filter((path) => !shipped.has(path)).map((path) => ({ path, sha256: '' as const }));
  return {
    plan: { ...plan, ops: [...plan.ops, ...hidden.ops] },
    complete: known.complete,
    guessed: hidden.paths.size > 0,
    hiddenForeign,
    refusal: unsafe ?? lockedError(immutable(place, plan.ops)),
    ours: new Set(shipped.keys()),
  };
}

function installedIfAllowed(place: TransactionPaths, published: () => PublicFacts | null): { installed: Installed | null; complete: boolean } {
  try {
    return { installed: readInstalled(place), complete: true };
  } catch (error) {
    if (errnoOf(error) !== 'EACCES') throw error;
    const known = published();
    if (known === null) return { installed: null, complete: false };
    const { version, installed } = known;
    return { installed: installed === null ? null : { schema: 1, version, ...installed }, complete: true };
  }
}

function startsWithShebang(file: string): boolean {
  let fd: number;
  try {
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
  } catch {
    // Safe to ignore: what is not there, or is no file, differs from the release whatever its mode.
    return false;
  }
  try {
    const start = Buffer.alloc(2);
    return fs.fstatSync(fd).isFile() && fs.readSync(fd, start, 0, 2, 0) === 2 && start.toString('latin1') === '#!';
  } finally {
    fs.closeSync(fd);
  }
}
