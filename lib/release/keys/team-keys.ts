/** Keys of others that sign for root and targets from the first day of a site. */
import { UpdateError } from '../../core/errors.ts';
import { counted } from '../../core/quantities.ts';
import type { KeyRing } from './key-ring.ts';
import type { PublicKey } from './public-key.ts';
import { assertThreshold, keysOfFiles } from '../trust/branch-keys.ts';
import type { RoleKeys, TopRoles } from '../trust/signed-site.ts';

export interface TeamWish {
  /** Files with the public keys of the others; none for one person. */
  files: readonly string[];
  /** How many have to sign, of those and one of our own. */
  threshold: number;
}

export interface Team {
  others: PublicKey[];
  threshold: number;
}

/**
 * Before any key is made: throws USAGE for a threshold that the number of keys cannot meet, KEY_INVALID for what is no public key, and
 * KEY_MISSING where too few can sign here and now.
 */
export function readTeam({ files, threshold }: TeamWish, ring: KeyRing): Team {
  const others = keysOfFiles(files);
  const most = others.length + 1;
  if (threshold > most) {
    throw new UpdateError(
      'USAGE',
      `--threshold ${String(threshold)} cannot be met: root and targets have ${counted(most, 'key')}, your own included`,
      {
        hint: `--threshold takes 1 to ${String(most)}, or name more keys with --key FILE`,
      },
    );
  }
  const here = 1 + others.filter((key) => ring.at(key) !== null).length;
  if (here >= threshold) return { others, threshold };
  throw new UpdateError(
    'KEY_MISSING',
    `--threshold ${String(threshold)} cannot be met here: of the ${counted(most, 'key')} of root and targets, ${String(here)} can sign now`,
    {
      hint: 'give the private keys of others for this one time, in the environment as PIKIT_KEYS; or begin without --threshold, and raise it with `pikit-release key add`: the others sign that by `key sign`, where they are',
    },
  );
}

/** The same roles, with the others for root and targets. */
export function withTeam({ root, targets, ...online }: TopRoles, { others, threshold }: Team): TopRoles {
  const grown = (role: string, { keys }: RoleKeys): RoleKeys => {
    const all = [...keys, ...others.filter(({ id }) => !keys.some((key) => key.id === id))];
    assertThreshold(role, { keys: all, threshold });
    return { keys: all, threshold };
  };
  return { root: grown('root', root), targets: grown('targets', targets), ...online };
}
