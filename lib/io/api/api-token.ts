/** The token of the HTTP API: from a credential of its unit (systemd.exec(5), "CREDENTIALS"), in a folder from the file itself. */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError, errnoOf } from '../../core/errors.ts';
import { parseToken } from '../source/source-token.ts';

const CREDENTIAL = 'pikit-api-token';
const TOKEN_FILE = 'etc/pikit/api-token';
const MIN_CHARACTERS = 32;

/** Null when there is none. Throws CONFIG_INVALID when what is there cannot be one, or could be guessed, without saying what it is. */
export function readApiToken(env: Readonly<Record<string, string | undefined>>, root: string): string | null {
  const credentials = env['CREDENTIALS_DIRECTORY'];
  const file = credentials === undefined || credentials === '' ? join(root, TOKEN_FILE) : join(credentials, CREDENTIAL);
  try {
    return longEnough(parseToken(fs.readFileSync(file), `'/${TOKEN_FILE}'`));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null;
    throw error;
  }
}

function longEnough(token: string | null): string | null {
  if (token === null || token.length >= MIN_CHARACTERS) return token;
  throw new UpdateError(
    'CONFIG_INVALID',
    `'/${TOKEN_FILE}' holds a token of ${String(token.length)} characters: it must have at least ${String(MIN_CHARACTERS)}`,
    {
      hint: `umask 077; openssl rand -hex 32 > /${TOKEN_FILE}`,
    },
  );
}
