import { UpdateError } from '../errors.ts';
import { escaped } from '../printable.ts';

/**
 * The one rule for paths inside a release, before anything touches a disk: relative, forward slashes, no `.` or `..`, and names
 * that every filesystem can hold, that every URL can carry when it is escaped, and that people can tell apart. So any letter,
 * digit or mark of any script in Unicode's normal form C, blanks inside, and the marks of ASCII but those that vfat, NTFS and
 * SMB refuse; nothing that is invisible or reorders text. Names of ours (`.pikit-…`) are the transaction's own files.
 */
const MAX_BYTES = 1024;
const MAX_NAME_BYTES = 255;
const MAX_DEPTH = 16;
const MAX_SHOWN = 200;

/** Added to the name of a file whose edited version stays (lib/transaction/plan/config-files.ts). */
const KEPT_SUFFIX = '.pikit-new';

/** Not on vfat, exfat or NTFS, on which sites travel, nor over SMB. */
const NOT_ON_STICKS = /[\\:*?"<>|]/;

/** Invisible, or no character at all: controls, formats, private use, unassigned, halves; and blanks that look like another one. */
const NOT_SEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufffd]|(?! )\p{Zs}/u;

/** A filesystem that knows Windows keeps these for devices, with any extension (NTFS with `windows_names`, as udisks mounts it). */
const DEVICE_NAME = /^(?:con|prn|aux|nul|(?:com|lpt)[0-9¹²³])(?:\.|$)/i;

/** Says why `path` is not allowed in a release, or null when it is. */
export function releasePathProblem(path: string): string | null {
  if (path.length === 0) return 'it is empty';
  const bytes = byteLength(path);
  if (bytes > MAX_BYTES) return `it has ${String(bytes)} bytes, ${String(MAX_BYTES)} are allowed`;
  if (path.startsWith('/')) return 'it is absolute';
  const names = path.split('/');
  if (names.includes('..') || names.includes('.')) return "it has a '.' or '..' component";
  if (names.includes('')) return 'only single slashes between names are allowed';
  if (names.length > MAX_DEPTH) return `it is ${String(names.length)} levels deep, ${String(MAX_DEPTH)} are allowed`;
  return characterProblem(path) ?? names.map(nameProblem).find((problem) => problem !== null) ?? null;
}

function characterProblem(path: string): string | null {
  const unseen = NOT_SEEN.exec(path)?.[0];
  if (unseen === '\ufffd') return 'its name is not UTF-8';
  if (unseen !== undefined) return `it has the character ${codePoint(unseen)}, which is invisible, reorders text, or is none that can be relied on`;
  const refused = NOT_ON_STICKS.exec(path)?.[0];
  if (refused !== undefined) return `it has the character ${refused}, which vfat and NTFS cannot hold; \\ : * ? " < > | are not allowed`;
  const normal = path.normalize('NFC');
  if (path !== normal) return `it is not in Unicode's normal form C, which is '${normal}'`;
  return null;
}

function nameProblem(name: string): string | null {
  const bytes = byteLength(name);
  if (bytes > MAX_NAME_BYTES) return `one of its names has ${String(bytes)} bytes, ${String(MAX_NAME_BYTES)} are allowed`;
  if (name.startsWith(' ') || name.endsWith(' ')) return 'a name must not begin or end with a blank';
  if (name.endsWith('.')) return 'a name must not end with a dot, which vfat and NTFS leave out';
  if (/^\p{M}/u.test(name)) return 'a name must not begin with a combining mark';
  if (DEVICE_NAME.test(name)) return `'${name}' is the name of a device on Windows, and NTFS refuses it`;
  const folded = caseless(name);
  if (folded.startsWith(caseless('.pikit-'))) return "names that start with '.pikit-' belong to the updater";
  if (folded.endsWith(caseless(KEPT_SUFFIX))) return `names that end in '${KEPT_SUFFIX}' belong to the updater`;
  return null;
}

/** Says why a file of that path cannot be marked as configuration, or null: ours has to fit beside the owner's version. */
export function configPathProblem(path: string): string | null {
  const bytes = byteLength(path.slice(path.lastIndexOf('/') + 1) + KEPT_SUFFIX);
  if (bytes <= MAX_NAME_BYTES) return null;
  return `a file of configuration may have a name of ${String(MAX_NAME_BYTES - KEPT_SUFFIX.length)} bytes, so that '${KEPT_SUFFIX}' fits behind it`;
}

/** Makes untrusted text safe to show in one line: what is invisible or moves text is written out, and it is cut at 200 characters. */
export function quotable(text: string): string {
  return escaped(text.slice(0, MAX_SHOWN));
}

/**
 * Refuses a set of release paths of which two cannot live in one tree: the same path twice, one a directory of another, or two
 * files or directories that differ only in case or in Unicode's normal form (vfat, NTFS, a casefolded target and a Mac would
 * merge them). Throws PATH_REFUSED naming both.
 */
export function assertDistinctPaths(paths: readonly string[]): void {
  const files = new Map<string, string>();
  for (const path of paths) {
    const key = caseless(path);
    const twin = files.get(key);
    if (twin !== undefined) throw refused(`'${quotable(path)}' and '${quotable(twin)}' would be the same file`);
    files.set(key, path);
  }
  const folders = new Map<string, string>();
  for (const path of paths) {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash);
      const key = caseless(folder);
      const known = folders.get(key);
      if (known === folder) break;
      if (known !== undefined) throw refused(`the folders '${quotable(folder)}' and '${quotable(known)}' would be the same`);
      const file = files.get(key);
      if (file !== undefined) throw refused(`'${quotable(file)}' is a file, and '${quotable(path)}' needs it to be a directory`);
      folders.set(key, folder);
    }
  }
}

/** What a filesystem that does not tell cases apart makes of a path, or one that folds more than it: full folding (`ß` is `ss`). */
function caseless(path: string): string {
  return path.toLowerCase().toUpperCase().normalize('NFD');
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

function refused(message: string): UpdateError {
  return new UpdateError('PATH_REFUSED', message);
}
