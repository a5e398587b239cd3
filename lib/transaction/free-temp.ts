/** Where a file is written before it takes the place of another. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { errnoOf } from '../core/errors.ts';

/** A directory, or what another user has put there: neither is this user's to remove with one call. */
const NOT_OURS = ['EISDIR', 'EPERM', 'EACCES'];

/** The name of the temp file beside `path`: what a crash left there goes, what cannot go stays, and another name is taken. */
export function freeTemp(path: string): string {
  const temp = `${path}.tmp`;
  try {
    fs.unlinkSync(temp);
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (NOT_OURS.includes(errno)) return `${path}.${randomBytes(4).toString('hex')}.tmp`;
    if (errno !== 'ENOENT') throw error;
  }
  return temp;
}
