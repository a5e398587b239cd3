import { UpdateError } from './errors.ts';

/**
 * The one rule for paths inside a release, before anything touches a disk: relative, forward slashes, no `.` or `..`,
 * ASCII letters, digits and `. _ @ + -` (so no blanks, control characters, look-alikes or second spellings of one name),
 * at most 200 characters and 16 levels, and no name of ours (`.pikit-…` are the transaction's own files).
 */
const SAFE = /^[A-Za-z0-9._@+-]+(?:\/[A-Za-z0-9._@+-]+)*$/;
const MAX_LENGTH = 200;
const MAX_DEPTH = 16;

/** Says why `path` is not allowed in a release, or null when it is. */
export function releasePathProblem(path: string): string | null {
  if (path.length === 0) return 'it is empty';
  if (path.length > MAX_LENGTH) return `it has ${String(path.length)} characters, ${String(MAX_LENGTH)} are allowed`;
  if (path.startsWith('/')) return 'it is absolute';
  const parts = path.split('/');
  if (parts.includes('..') || parts.includes('.')) return "it has a '.' or '..' component";
  if (!SAFE.test(path)) return 'only letters, digits and . _ @ + - are allowed, with single slashes between names';
  if (parts.length > MAX_DEPTH) return `it is ${String(parts.length)} levels deep, ${String(MAX_DEPTH)} are allowed`;
  if (parts.some((part) => part.startsWith('.pikit-'))) return "names that start with '.pikit-' belong to the updater";
  if (path.endsWith('.pikit-new')) return "names that end in '.pikit-new' belong to the updater";
  return null;
}

/** Makes untrusted text safe to show in one line: control characters become `?`, and it is cut at 200 characters. */
export function quotable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this is about
  return text.slice(0, MAX_LENGTH).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?');
}

/**
 * Refuses a set of release paths of which two cannot live in one tree: the same path twice, one a directory of another,
 * or two that differ only in case (a vfat or casefolded target would merge them). Throws PATH_REFUSED naming both.
 */
export function assertDistinctPaths(paths: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const path of paths) {
    const twin = seen.get(path.toLowerCase());
    if (twin !== undefined) {
      throw new UpdateError('PATH_REFUSED', `'${path}' and '${twin}' would be the same file`);
    }
    seen.set(path.toLowerCase(), path);
  }
  for (const path of paths) {
    const parts = path.toLowerCase().split('/');
    for (let depth = 1; depth < parts.length; depth += 1) {
      const parent = seen.get(parts.slice(0, depth).join('/'));
      if (parent !== undefined) {
        throw new UpdateError('PATH_REFUSED', `'${parent}' is a file, and '${path}' needs it to be a directory`);
      }
    }
  }
}
