/** Keys of a branch's own: which they are, and how many of them have to sign. */
import { UpdateError } from '../../core/errors.ts';
import { STABLE } from '../../core/release/branches.ts';
import { branchRole } from '../../core/trust/metadata-layout.ts';
import { basename } from 'node:path';
import { readPublicKey } from '../keys/key-folder.ts';
import type { PublicKey } from '../keys/public-key.ts';
import { isSigned } from '../site/site.ts';
import type { KeptKey, KeyMaking } from './new-trust.ts';
import { freshKey } from './new-trust.ts';
import type { RoleKeys } from './signed-site.ts';

export interface BranchKeysWish {
  /** Files with public keys. */
  files: readonly string[];
  /** One is made. */
  isNew: boolean;
  threshold: number;
  /** What is made is encrypted. */
  isEncrypted: boolean;
}

/** The keys of files, named after them. Throws KEY_INVALID, also for one that is given twice. */
export function keysOfFiles(files: readonly string[]): PublicKey[] {
  const keys = files.map((file) => readPublicKey(file, basename(file).replace(/(?:\.pub)?\.pem$/, '')));
  const twice = keys.find(({ id }, index) => keys.findIndex((key) => key.id === id) !== index);
  if (twice === undefined) return keys;
  throw new UpdateError('KEY_INVALID', `the key ${twice.fingerprint} is given twice`, { hint: 'each person, or machine, has a key of its own' });
}

/** Throws USAGE for a threshold that the number of keys cannot meet. */
export function assertThreshold(role: string, { threshold, keys }: RoleKeys): void {
  if (threshold >= 1 && threshold <= keys.length) return;
  throw new UpdateError('USAGE', `'${role}' has ${String(keys.length)} keys, so its threshold cannot be ${String(threshold)}`, {
    hint: `--threshold takes 1 to ${String(keys.length)}`,
  });
}

/** The keys that a branch gets; null when nothing is wished. Throws USAGE for an unsigned site and for stable, KEY_INVALID, KEY_MISSING. */
export function keysForBranch(
  site: string,
  branch: string,
  wish: BranchKeysWish | null,
  making: Omit<KeyMaking, 'isEncrypted'>,
): { role: RoleKeys; made: KeptKey[] } | null {
  if (wish === null) return null;
  if (!isSigned(site))
    throw new UpdateError('USAGE', `'${site}' is unsigned: its branches have no keys`, { hint: `sign it first: pikit-release sign --site ${site}` });
  if (branch === STABLE) throw new UpdateError('USAGE', `'${STABLE}' is signed by the keys of 'targets', and has none of its own`);
  const given = keysOfFiles(wish.files);
  const made = wish.isNew ? [freshKey(branchRole(branch), site, { ...making, isEncrypted: wish.isEncrypted })] : [];
  const role = { threshold: wish.threshold, keys: [...given, ...made.map(({ key }) => key)] };
  assertThreshold(branchRole(branch), role);
  return { role, made };
}
