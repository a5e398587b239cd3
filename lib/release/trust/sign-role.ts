/** Signatures for a role: by as many of its keys as its threshold asks for, which must be at hand before anything is written. */
import { UpdateError, toUpdateError } from '../../core/errors.ts';
import { counted } from '../../core/quantities.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { PublicKey } from '../keys/public-key.ts';
import { describeKey } from '../keys/public-key.ts';
import type { Signer } from './metadata-text.ts';
import type { RoleKeys } from './signed-site.ts';

/** Who signs now. */
export interface Signing {
  ring: KeyRing;
  /** Of all that is signed in one run. */
  at: Date;
  /** The root that the owner keeps with the keys; null where there is none. */
  trustedRoot: Buffer | null;
  /** Where it is kept; null where no folder of keys is used. */
  keysFolder: string | null;
}

/** Throws KEY_MISSING when fewer keys of the role are at hand than it needs, KEY_INVALID when one cannot be opened; asks for passphrases. */
export function assertAtHand(ring: KeyRing, role: string, { keys, threshold }: RoleKeys): void {
  const chosen = inOrder(ring, keys).slice(0, threshold);
  if (chosen.length < threshold) throw keyMissing(role, { keys, threshold }, chosen.length);
  for (const key of chosen) ring.unlock(key);
}

/** Whether enough keys of the role are at hand. */
export function isAtHand(ring: KeyRing, { keys, threshold }: RoleKeys): boolean {
  return inOrder(ring, keys).length >= threshold;
}

/** Those that are here, then those that a command may have. */
function inOrder(ring: KeyRing, keys: readonly PublicKey[]): PublicKey[] {
  return [...keys.filter((key) => ring.at(key) === 'there'), ...keys.filter((key) => ring.at(key) === 'elsewhere')];
}

/**
 * Signs for a role until each of `needed` has its threshold; `wanted` gets what is at hand. A key of both signs once. The signer
 * throws KEY_MISSING when one of `needed` does not get enough, with what the keys said.
 */
export function signerFor(ring: KeyRing, role: string, needed: readonly RoleKeys[], wanted: readonly RoleKeys[] = []): Signer {
  return (bytes) => {
    const made = new Map<string, { key: PublicKey; signature: Buffer }>();
    const gather = ({ keys, threshold }: RoleKeys, mustHave: boolean): void => {
      const failures: UpdateError[] = [];
      for (const key of inOrder(ring, keys)) {
        if (keys.filter(({ id }) => made.has(id)).length >= threshold) return;
        if (made.has(key.id)) continue;
        try {
          made.set(key.id, { key, signature: ring.sign({ key, role, bytes }) });
        } catch (error) {
          // Another key of the role may do.
          failures.push(toUpdateError(error));
        }
      }
      const count = keys.filter(({ id }) => made.has(id)).length;
      if (!mustHave || count >= threshold) return;
      const wrong = failures.find(({ code }) => code === 'KEY_INVALID');
      if (wrong !== undefined) throw wrong;
      if (failures[0] !== undefined && failures.length === 1) throw failures[0];
      throw keyMissing(role, { keys, threshold }, count, failures[0]);
    };
    for (const keys of needed) gather(keys, true);
    for (const keys of wanted) gather(keys, false);
    return [...made.values()];
  };
}

function keyMissing(role: string, { keys, threshold }: RoleKeys, count: number, cause?: unknown): UpdateError {
  const names = keys.map(describeKey).join(', ');
  const of = keys.length === threshold && threshold === 1 ? `the key ${names}` : `${counted(threshold, 'key')} of ${names}`;
  const here = count === 0 ? (threshold === 1 ? 'it is not at hand' : 'none is at hand') : `only ${String(count)} of them signed or is at hand`;
  return new UpdateError('KEY_MISSING', `'${role}' has to be signed by ${of}, and ${keys.length > 1 && threshold === 1 ? 'none is at hand' : here}`, {
    cause,
    hint: 'give its key with --keys DIR, in the environment as PIKIT_KEYS, with --key-fd N, or behind --sign-with COMMAND',
  });
}
