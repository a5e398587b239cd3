/** Directories above targets that others can change: reported all at once, with one command that repairs them and nothing else. */
import fs from 'node:fs';
import { errnoOf, UpdateError } from '../../core/errors.ts';
import { shellWord, shellWords } from '../../core/command-line/shell-word.ts';
import type { TransactionPaths } from '../transaction-paths.ts';
import { onDisk } from '../transaction-paths.ts';

/** Debian's group `staff` may write below /usr/local by policy, and is as good as root there. */
const STAFF_GID = 50;
const GROUP_WRITE = 0o020;
const OTHER_WRITE = 0o002;
/** Named one by one up to here; a command with more of them finds them itself. */
const MAX_NAMED = 8;
/** The user ids of persons (login.defs). */
const FIRST_PERSON = 1000;
const LAST_PERSON = 60_000;

/** The user other than root (in a test folder: other than the running user) who could exchange a name in this directory; or null. */
export function othersWhoMayChange(stat: Pick<fs.Stats, 'uid' | 'gid' | 'mode'>, owner: TransactionPaths['owner']): string | null {
  if (stat.uid !== 0 && stat.uid !== owner.uid) return `belongs to uid ${String(stat.uid)}`;
  const foreignGroup = stat.gid !== 0 && stat.gid !== owner.gid && stat.gid !== STAFF_GID;
  if ((stat.mode & GROUP_WRITE) !== 0 && foreignGroup) return `is writable by gid ${String(stat.gid)}`;
  return (stat.mode & OTHER_WRITE) !== 0 ? 'is world-writable' : null;
}

export interface UnsafeDir {
  /** Device path. */
  dir: string;
  who: string;
  uid: number;
}

/** DEST_UNSAFE for directories of which each was examined; `examined` are all that a change writes to. */
export function unsafeDirs(place: TransactionPaths, found: readonly UnsafeDir[], examined: (dir: string) => boolean): UpdateError | null {
  const [first] = found;
  if (first === undefined) return null;
  const named = found.slice(0, MAX_NAMED).map(({ dir, who }) => `'${dir}' ${who}`);
  const more = found.length > MAX_NAMED ? `, and ${String(found.length - MAX_NAMED)} more directories` : '';
  const what = found.length === 1 ? 'that user' : 'those users';
  return new UpdateError('DEST_UNSAFE', `${named.join(', ')}${more}: ${what} could redirect what root writes there`, {
    hint: hintFor(place, found, examined),
    subject: first.dir,
  });
}

/** The group stays, as it may be the one by which a web server reads; only the right to write is taken from it. */
function hintFor(place: TransactionPaths, found: readonly UnsafeDir[], examined: (dir: string) => boolean): string {
  const repair = `as root: ${found.length <= MAX_NAMED ? byName(found.map(({ dir }) => dir)) : bySearch(place, found, examined)}`;
  const person = found.find(({ uid }) => uid >= FIRST_PERSON && uid <= LAST_PERSON);
  if (person === undefined) return repair;
  return `if '${person.dir}' is a folder of a person, point the [[target]] at another place, below /var/www or /srv; if it is not, ${repair}`;
}

function byName(dirs: readonly string[]): string {
  const list = shellWords(dirs);
  return `chown root ${list} && chmod go-w ${list}`;
}

/** Directories that are of no release (uploads of a web server, say) are passed over. */
function bySearch(place: TransactionPaths, found: readonly UnsafeDir[], examined: (dir: string) => boolean): string {
  const all = found.map(({ dir }) => dir);
  const tops = all.filter((dir) => !all.some((other) => dir.startsWith(`${other}/`)));
  const foreign = tops.flatMap((top) => foreignBelow(place, top, examined));
  if (tops.length > MAX_NAMED || foreign.length > MAX_NAMED) return byName(all);
  const passed = foreign.map((dir) => `-path ${shellWord(dir.replace(/[\\*?[]/g, '\\$&'))} -prune -o `).join('');
  return `find ${shellWords(tops)} ${passed}-type d -exec chown root {} + -exec chmod go-w {} +`;
}

function foreignBelow(place: TransactionPaths, dir: string, examined: (dir: string) => boolean): string[] {
  return subdirectories(onDisk(place, dir)).flatMap((name) => {
    const path = `${dir}/${name}`;
    return examined(path) ? foreignBelow(place, path, examined) : [path];
  });
}

function subdirectories(dir: string): string[] {
  try {
    return fs
      .readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
  } catch (error) {
    if (errnoOf(error) === 'EACCES' || errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}
