/**
 * What lies above a target. Nothing is written below a directory that someone other than root could swap for a symlink
 * between our check and our rename (systemd-tmpfiles CVE-2018-6954 is the classic).
 */
import { dirname } from 'node:path';
import { UpdateError } from '../core/errors.ts';
import { lstatOrNull } from './durable.ts';
import type { Place } from './place.ts';
import { real } from './place.ts';

export interface Above {
  /** Directories that do not exist yet, outermost first. */
  missing: string[];
  /** A file of ours that goes away and stands where a directory has to be. */
  blockedBy: string | null;
}

/** Debian's group `staff` may write below /usr/local by policy, and is as good as root there. */
const STAFF_GID = 50;
const GROUP_WRITE = 0o020;
const OTHER_WRITE = 0o002;

export interface Parents {
  above: (path: string) => Above;
}

/**
 * Examines the directories above paths, each once. `leaving` are the managed files that the plan removes.
 * Throws DEST_TYPE for a parent that is a symlink or not a directory, DEST_UNSAFE for one that others can write to.
 */
export function examineParents(place: Place, leaving: ReadonlySet<string>): Parents {
  const known = new Map<string, Above>([['/', { missing: [], blockedBy: null }]]);

  function examine(dir: string): Above {
    const cached = known.get(dir);
    if (cached !== undefined) return cached;
    const found = look(dir, examine(dirname(dir)));
    known.set(dir, found);
    return found;
  }

  function look(dir: string, above: Above): Above {
    if (above.blockedBy !== null || above.missing.length > 0) return { ...above, missing: [...above.missing, dir] };
    const stat = lstatOrNull(real(place, dir));
    if (stat === null) return { missing: [dir], blockedBy: null };
    if (stat.isFile() && leaving.has(dir)) return { missing: [dir], blockedBy: dir };
    if (!stat.isDirectory()) {
      throw new UpdateError('DEST_TYPE', `'${dir}' is ${stat.isSymbolicLink() ? 'a symbolic link' : 'not a directory'}`, {
        hint: 'the updater writes only below real directories: put a directory there, or point the [[target]] at the real path',
      });
    }
    const foreignOwner = stat.uid !== 0 && stat.uid !== place.owner.uid;
    const foreignGroup = (stat.mode & GROUP_WRITE) !== 0 && stat.gid !== 0 && stat.gid !== place.owner.gid && stat.gid !== STAFF_GID;
    if (foreignOwner || foreignGroup || (stat.mode & OTHER_WRITE) !== 0) {
      const who = foreignOwner
        ? `belongs to uid ${String(stat.uid)}`
        : foreignGroup
          ? `is writable by gid ${String(stat.gid)}`
          : 'is writable by everyone';
      throw new UpdateError('DEST_UNSAFE', `'${dir}' ${who}: whoever that is could redirect what root writes there`, {
        hint: `chown root: '${dir}' && chmod go-w '${dir}'`,
      });
    }
    return { missing: [], blockedBy: null };
  }

  return { above: (path) => examine(dirname(path)) };
}
