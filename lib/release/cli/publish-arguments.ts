/** The arguments of `pikit-release publish`. A token comes from the environment or a file: every user can see a command line. */
import fs from 'node:fs';
import { parseWith, usage } from '../../core/command-line/command-table.ts';
import { UpdateError } from '../../core/errors.ts';
import { parseToken } from '../../io/source/source-token.ts';
import { RELEASE } from './commands.ts';
import { parseBranchName } from './options.ts';

export interface PublishArguments {
  site: string;
  to: string;
  branches: string[];
  token: string | null;
  verify: boolean;
}

const TOKEN_VARIABLE = 'PIKIT_RELEASE_TOKEN';

/** Parses what follows `publish`. Throws USAGE, and INPUT_REFUSED when the token cannot be read. */
export function parsePublish(args: string[], env: Readonly<Record<string, string | undefined>>): { json: boolean; options: PublishArguments } {
  const { values } = parseWith(RELEASE, 'publish', args);
  const { verify, json } = values;
  const site = values.site;
  const to = values.to;
  const branches = values.branch.map((name) => parseBranchName('--branch', name));
  if (/^[a-z][a-z0-9+.-]*:/i.test(to) && !to.startsWith('gitea:')) {
    throw usage(
      '--to takes a folder, or gitea: and the address of a repository',
      'to a web server: publish to a folder, and copy that with the tools of the server; see docs/hosting.md',
    );
  }
  assertNoLogin('--to', to);
  const token = to.startsWith('gitea:') ? readToken(values['token-file'], env) : null;
  return { json, options: { site, to, branches, token, verify } };
}

/** What is in an address is in the list of processes, in logs, and in what we print. Throws USAGE. */
export function assertNoLogin(option: string, address: string): void {
  if (/^(?:gitea:)?[^/]*\/\/[^/]*@/.test(address)) {
    throw usage(`${option} must not have a token or password in it`, `use ${TOKEN_VARIABLE} or --token-file`);
  }
}

/** The token for a repository, from a file or the environment; null if there is none. */
export function readToken(file: string | undefined, env: Readonly<Record<string, string | undefined>>): string | null {
  if (file === undefined) return parseToken(Buffer.from(env[TOKEN_VARIABLE] ?? ''), TOKEN_VARIABLE);
  let bytes: Buffer;
  try {
    bytes = fs.readFileSync(file);
  } catch (error) {
    throw new UpdateError('INPUT_REFUSED', `the file with the token '${file}' cannot be read`, { cause: error });
  }
  const token = parseToken(bytes, `'${file}'`);
  if (token === null) throw new UpdateError('INPUT_REFUSED', `the file with the token '${file}' is empty`);
  return token;
}
