/** From a manifest alone to what its installation would change: nothing has to be downloaded for it, and nothing is written. */
import fs from 'node:fs';
import { isOwnPlace } from '../core/closed-places.ts';
import type { Config } from '../core/config.ts';
import type { UpdateError } from '../core/errors.ts';
import { errnoOf } from '../core/errors.ts';
import type { Manifest, ManifestFile } from '../core/manifest.ts';
import { fileMode } from '../core/manifest.ts';
import type { Published } from '../core/published.ts';
import { mapToDevice } from '../core/targets.ts';
import { readInstalled } from '../transaction/installed.ts';
import { immutable, lockedError } from '../transaction/locked.ts';
import { orderOf } from '../transaction/order.ts';
import type { Place } from '../transaction/place.ts';
import { real } from '../transaction/place.ts';
import type { Plan, Put } from '../transaction/plan.ts';
import { foreseeChange } from '../transaction/plan.ts';
import type { Installed } from '../transaction/types.ts';
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
export function planRelease(place: Place, config: Config, manifest: Manifest, branch: string, published: () => Published | null): ReleasePlan {
  const known = installedIfAllowed(place, published);
  const mapped = mapToDevice(
    manifest.files.map((file) => file.path),
    config.target,
  );
  const puts = manifest.files.map((file) => putOf(place, file, mapped.get(file.path) ?? ''));
  const stays = new Set(puts.map((put) => put.path));
  const deletes = (known.installed?.files ?? []).map((file) => file.path).filter((path) => !stays.has(path) && !isOwnPlace(path));
  const shipped = new Map((known.installed?.files ?? []).map((file) => [file.path, file.sha256]));
  const hidden = hiddenChanges(place, puts, deletes, new Map((known.installed?.files ?? []).map((file) => [file.path, file])));
  const { plan, unsafe } = foreseeChange(place, {
    puts: puts.filter(({ path }) => !hidden.paths.has(path)),
    deletes: deletes.filter((path) => !hidden.paths.has(path)),
    installed: known.installed,
    version: manifest.version,
    branch,
    restore: null,
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

function installedIfAllowed(place: Place, published: () => Published | null): { installed: Installed | null; complete: boolean } {
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

/** Its content is not needed: where it is the same as the live one, that one tells whether it is a script. */
function putOf(place: Place, file: ManifestFile, path: string): Put {
  const mode = fileMode(file, startsWithShebang(real(place, path)));
  const size = file.size ?? 0;
  return {
    path,
    sha256: file.sha256,
    size,
    mode,
    order: orderOf(path, mode),
    config: file.config,
    content: { from: 'file', file: '' },
    listed: true,
  };
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
