import semverCompare from 'semver/functions/compare.js';
import semverValid from 'semver/functions/valid.js';
import { UpdateError } from '../errors.ts';
import { quotable } from './release-path.ts';

/** Build metadata kept apart: semver 2.0 section 10 says it does not take part in precedence. */
const STRICT = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
const MAX_LENGTH = 64;

/** Whether `text` is a version as semver 2.0 writes it: no leading `v`, no blanks, at most 64 characters. */
export function isVersion(text: string): boolean {
  return text.length <= MAX_LENGTH && STRICT.test(text) && semverValid(text) !== null;
}

/** What a schema says of a text that is none. */
export const VERSION_RULE = 'must be a semantic version such as 1.4.0 or 1.5.0-beta.1';

/** Returns `text` if it is semver 2.0; throws VERSION_INVALID otherwise. */
export function parseVersion(text: string): string {
  if (isVersion(text)) return text;
  throw new UpdateError('VERSION_INVALID', `'${quotable(text.slice(0, MAX_LENGTH))}' is not a semantic version`, {
    hint: 'use MAJOR.MINOR.PATCH, for example 1.4.0 or 1.5.0-beta.1 (semver.org)',
  });
}

/** Precedence by semver 2.0 section 11: negative when `a` is older than `b`, 0 when equal in precedence. */
export function compareVersions(a: string, b: string): number {
  return semverCompare(a, b);
}
