/** Where a file is written before it takes the place of another. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { errnoOf } from '../../core/errors.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;

/** A directory, or what another user has put there: neither is this user's to remove with one call. */
const NOT_OURS = ['EISDIR', 'EPERM', 'EACCES'];

/** The name of the temp file beside `path`: what a crash left there goes, what cannot go stays, and another name is taken. */
export function freeTemp(path: string): string {
  const temp = `${path}.tmp`;
  try {
    fs.unlinkSync(temp);
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (NOT_OURS.includes(errno)) return randomTemp(path);
    if (errno !== 'ENOENT') throw error;
  }
  return temp;
}

/**
 * Creates the temp file beside `path`, for who runs this alone. Another user may put something at its name just after it was
 * cleared; the next name cannot be known beforehand.
 */
export function openTemp(path: string): { temp: string; fd: number } {
  const open = (temp: string): { temp: string; fd: number } => ({ temp, fd: fs.openSync(temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600) });
  try {
    return open(freeTemp(path));
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    return open(randomTemp(path));
  }
}

function randomTemp(path: string): string {
  return `${path}.${randomBytes(4).toString('hex')}.tmp`;
}
