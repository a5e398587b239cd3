/** The command line of the commands of signed sites. */
import { parseWith, usage, usageLine } from '../../core/command-line/command-table.ts';
import { ONLINE } from '../trust/change-keys.ts';
import type { KeyOptions } from '../keys/open-signing.ts';
import { RELEASE } from '../cli/commands.ts';
import { keyOptions, parseExpiries, parseRole, parseThreshold } from './key-arguments.ts';

interface OnSite {
  json: boolean;
  site: string;
  keys: KeyOptions;
}

/** `files` and `isNew`: which keys a role gets; `old`: in the place of which, or which goes. */
export interface KeyCommand extends OnSite {
  name: 'key add' | 'key rotate' | 'key revoke';
  role: string;
  old: string | null;
  files: readonly string[];
  isNew: boolean;
  isEncrypted: boolean;
  threshold: number | null;
  pending: string | null;
}

export type TrustCommand =
  | (OnSite & { name: 'refresh'; days: ReadonlyMap<string, number> })
  | (OnSite & { name: 'sign'; days: ReadonlyMap<string, number>; isEncrypted: boolean })
  | { name: 'prune'; json: boolean; site: string }
  | (OnSite & { name: 'key list' })
  | KeyCommand
  | { name: 'key sign'; json: boolean; file: string; site: string | null; keys: KeyOptions };

export type TrustCommandName = TrustCommand['name'];

/** Throws USAGE. */
export function parseTrust(name: TrustCommandName, args: string[]): TrustCommand {
  switch (name) {
    case 'refresh': {
      const { values } = parseWith(RELEASE, name, args);
      return { name, json: values.json, site: values.site, keys: keyOptions(values), days: parseExpiries(values.expires) };
    }
    case 'sign': {
      const { values } = parseWith(RELEASE, name, args);
      const isEncrypted = !values['no-passphrase'];
      return { name, json: values.json, site: values.site, keys: keyOptions(values), days: parseExpiries(values.expires), isEncrypted };
    }
    case 'prune': {
      const { values } = parseWith(RELEASE, name, args);
      return { name, json: values.json, site: values.site };
    }
    case 'key list': {
      const { values } = parseWith(RELEASE, name, args);
      return { name, json: values.json, site: values.site, keys: keyOptions(values) };
    }
    case 'key sign': {
      const { values, positionals } = parseWith(RELEASE, name, args);
      const file = word(name, positionals[0], 'the file of the root');
      return { name, json: values.json, file, site: values.site ?? null, keys: keyOptions(values) };
    }
    case 'key add':
    case 'key rotate':
      return parseNewKeys(name, args);
    case 'key revoke': {
      const { values, positionals } = parseWith(RELEASE, name, args);
      const old = word(name, positionals[1], 'the key to revoke');
      const of = { old, files: [], isNew: false, isEncrypted: true, threshold: parseThreshold(values.threshold), pending: values.pending ?? null };
      return { name, json: values.json, site: values.site, keys: keyOptions(values), role: roleOf(name, positionals[0]), ...of };
    }
    default:
      return name satisfies never;
  }
}

function parseNewKeys(name: 'key add' | 'key rotate', args: string[]): KeyCommand {
  const { values, positionals } = parseWith(RELEASE, name, args);
  const files = values.key;
  const about = { isEncrypted: !values['no-passphrase'], threshold: parseThreshold(values.threshold), pending: values.pending ?? null };
  if (name === 'key add' && files.length === 0 && !values['new-key']) {
    throw usage('key add was not told which key', 'give the public keys with --key FILE, or have one made with --new-key');
  }
  const isNew = values['new-key'] || files.length === 0;
  const role = roleOf(name, positionals[0]);
  return { name, json: values.json, site: values.site, keys: keyOptions(values), role, old: positionals[1] ?? null, files, isNew, ...about };
}

function roleOf(name: TrustCommandName, text: string | undefined): string {
  const role = word(name, text, 'the role');
  return role === ONLINE ? role : parseRole(name, role);
}

function word(name: TrustCommandName, text: string | undefined, what: string): string {
  if (text !== undefined) return text;
  throw usage(`${what} is missing`, usageLine(RELEASE.name, name, RELEASE.commands[name]));
}
