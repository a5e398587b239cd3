/**
 * The token for a private repository: from a credential of the unit (systemd.exec(5), "CREDENTIALS"), which only the process of
 * that unit can read, or in a step run by hand from the file itself. It goes into one header of requests to one origin, and is
 * never written, said or passed on; so no error here shows what was read.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError, errnoOf } from '../../core/errors.ts';

const CREDENTIAL = 'pikit-update-token';
const TOKEN_FILE = 'etc/pikit/source-token';
const MAX_BYTES = 4096;

/** What can be a token: visible ASCII. Anything else, a second line above all, would be a second header. */
const TOKEN = /^[\x21-\x7e]{1,1024}$/;

/**
 * The token of this device, or null when it has none. Throws CONFIG_INVALID when what is there cannot be one; errors of the
 * disk (EACCES) come out as they are.
 */
export function readSourceToken(env: Readonly<Record<string, string | undefined>>, root: string): string | null {
  const credentials = env['CREDENTIALS_DIRECTORY'];
  const isUnit = credentials !== undefined && credentials !== '';
  const bytes = readIfThere(isUnit ? join(credentials, CREDENTIAL) : join(root, TOKEN_FILE));
  return bytes === null ? null : parseToken(bytes, `'/${TOKEN_FILE}'`);
}

/** A token from a file: one line, blanks around it do not count; nothing else in it is no token. */
export function parseToken(bytes: Uint8Array, where: string): string | null {
  const text = Buffer.from(bytes).toString('latin1').trim();
  if (text === '') return null;
  if (bytes.byteLength <= MAX_BYTES && TOKEN.test(text)) return text;
  throw new UpdateError('CONFIG_INVALID', `${where} does not hold a token`, { hint: `write the token and nothing else into ${where}, on one line` });
}

function readIfThere(path: string): Buffer | null {
  try {
    return fs.readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}
