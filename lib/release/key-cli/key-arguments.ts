/** The options that all commands have which sign: where keys are, and how long signatures count. */
import { usage } from '../../core/command-line/command-table.ts';
import { branchRole } from '../../core/trust/metadata-layout.ts';
import { isBranchName } from '../../core/release/branches.ts';
import { TOP_ROLES, branchOfRole } from '../trust/signed-site.ts';
import type { BranchKeysWish } from '../trust/branch-keys.ts';
import type { TeamWish } from '../keys/team-keys.ts';
import type { KeyOptions } from '../keys/open-signing.ts';

/** A hundred years: dates beyond are a typing error. */
const MOST_DAYS = 36_500;

export interface KeyValues {
  keys?: string | undefined;
  'key-fd'?: string | undefined;
  'sign-with'?: string | undefined;
}

/** Throws USAGE. */
export function keyOptions({ keys, 'key-fd': fd, 'sign-with': command }: KeyValues): KeyOptions {
  if (fd !== undefined && !/^\d{1,4}$/.test(fd))
    throw usage(`--key-fd '${fd}' is not the number of a descriptor`, 'for example: --key-fd 3 3<KEYS.pem');
  return { keys: keys ?? null, fd: fd === undefined ? null : Number(fd), command: command ?? null };
}

/** The periods of `--expires ROLE=DAYS`, by role. Throws USAGE. */
export function parseExpiries(texts: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    texts.map((text) => {
      const [, role, days] = /^([^=]+)=(\d{1,6})$/.exec(text) ?? [];
      if (role === undefined || days === undefined) throw usage(`--expires '${text}' is not ROLE=DAYS`, 'for example: --expires timestamp=30');
      if (Number(days) < 1 || Number(days) > MOST_DAYS)
        throw usage(`--expires '${text}': 1 to ${String(MOST_DAYS)} days are allowed`, 'for example: --expires timestamp=30');
      return [parseRole('--expires', role), Number(days)] as const;
    }),
  );
}

/** A role of a site: one of the four of TUF, or that of a branch. Throws USAGE. */
export function parseRole(what: string, text: string): string {
  if (TOP_ROLES.some((role) => role === text) || isBranchName(branchOfRole(text) ?? '-')) return text;
  throw usage(`${what}: '${text}' is not a role`, `roles are ${TOP_ROLES.join(', ')}, and ${branchRole('NAME')} of a branch with keys of its own`);
}

/** Options of commands that change keys. */
export interface NewKeyValues {
  key: readonly string[];
  'new-key': boolean;
  threshold?: string | undefined;
  'no-passphrase': boolean;
}

/** The number of `--threshold`; null when it was not given. Throws USAGE. */
export function parseThreshold(text: string | undefined): number | null {
  if (text === undefined) return null;
  if (/^[1-9]\d?$/.test(text)) return Number(text);
  throw usage(`--threshold '${text}' is not a number from 1 to 99`, 'for example: --threshold 2');
}

/** The others who sign for root and targets from the start. Throws USAGE. */
export function parseTeam({ key, threshold }: Pick<NewKeyValues, 'key' | 'threshold'>): TeamWish {
  const number = parseThreshold(threshold);
  if (key.length === 0 && number !== null) throw usage('--threshold is of the keys of --key', 'name the public keys of the others with --key FILE');
  return { files: key, threshold: number ?? 1 };
}

/** The keys that a branch is to have; null when it keeps those that it has. Throws USAGE. */
export function parseBranchKeys({ key, 'new-key': isNew, threshold, 'no-passphrase': open }: NewKeyValues): BranchKeysWish | null {
  const number = parseThreshold(threshold);
  if (key.length > 0 || isNew) return { files: key, isNew, threshold: number ?? 1, isEncrypted: !open };
  if (number !== null) throw usage('--threshold is of the keys of --key and --new-key', 'name all keys that the branch is to have');
  return null;
}
