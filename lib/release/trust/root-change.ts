/**
 * A new root: who may sign what from now on. It counts when enough of the keys of the root before and of its own have signed it. One
 * that lacks signatures is a file that other people sign (`pikit-release key sign`), and nothing of the site changes until then.
 */
import { UpdateError } from '../../core/errors.ts';
import { counted } from '../../core/quantities.ts';
import type { PublicKey } from '../keys/public-key.ts';
import { describeKey } from '../keys/public-key.ts';
import { isSignedFor, jsonOf, rootOf, topRoles } from './metadata-parts.ts';
import type { Json } from './metadata-text.ts';
import { rootPart, signedBytes } from './metadata-text.ts';
import type { Signing } from './sign-role.ts';
import { signerFor } from './sign-role.ts';
import type { RoleKeys, SignedSite, TopRoles } from './signed-site.ts';
import { newestRoot } from './signed-site.ts';

export interface ProposedRoot {
  version: number;
  roles: TopRoles;
  bytes: Buffer;
  /** Whose signatures it still needs, in words; empty when it counts. */
  lacks: string[];
}

/** The next root with these roles, signed by what is at hand. Throws KEY_INVALID. */
export function proposeRoot(site: SignedSite, roles: TopRoles, signing: Signing, days?: number): ProposedRoot {
  const now = newestRoot(site);
  const issue = { version: now.version + 1, days: days ?? now.days, at: signing.at };
  const bytes = signedBytes(rootPart(issue, roles), signerFor(signing.ring, 'root', [], [now.roles.root, roles.root]));
  return { version: issue.version, roles, bytes, lacks: lacking(bytes, [now.roles.root, roles.root]) };
}

/**
 * Adds signatures to a root that waits for them: by keys of its own, and of the root before where `site` is known. Throws
 * METADATA_INVALID for what is no root, KEY_MISSING when no key at hand may sign it, KEY_INVALID, and INPUT_REFUSED for a root that does not follow that of the site.
 */
export function addSignatures(pending: Buffer, what: string, site: SignedSite | null, signing: Signing): ProposedRoot & { signedNow: PublicKey[] } {
  const { signed } = rootOf(pending, what);
  const roles = topRoles(signed);
  const before = site === null ? null : newestRoot(site);
  if (before !== null && signed.version !== before.version + 1) {
    throw new UpdateError(
      'INPUT_REFUSED',
      `${what} is root ${String(signed.version)}, and the site has root ${String(before.version)}: it does not follow`,
      {
        hint:
          signed.version <= before.version
            ? 'the change was made already, or another one was: look with `pikit-release key list`'
            : 'sign the root in between first',
      },
    );
  }
  const sets = before === null ? [roles.root] : [before.roles.root, roles.root];
  const done = new Set(signersOf(pending));
  const open = sets.map(({ keys }): RoleKeys => ({ keys: keys.filter(({ id }) => !done.has(id)), threshold: keys.length }));
  const { signed: part, signatures } = jsonOf(pending, what);
  const signedNow: PublicKey[] = [];
  const signer = signerFor(signing.ring, 'root', [], open);
  const bytes = signedBytes(
    objectOf(part),
    (canonical) => {
      const made = signer(canonical);
      signedNow.push(...made.map(({ key }) => key));
      return made;
    },
    listOf(signatures),
  );
  if (signedNow.length === 0 && lacking(bytes, sets).length > 0) {
    throw new UpdateError('KEY_MISSING', `no key at hand may sign ${what}, or has not signed it yet: ${lacking(bytes, sets).join('; ')}`, {
      hint: 'give the folder with your key: --keys DIR',
    });
  }
  return { version: signed.version, roles, bytes, lacks: lacking(bytes, sets), signedNow };
}

/** What is wanted of each set of keys, beyond the signatures that are there. */
function lacking(bytes: Buffer, sets: readonly RoleKeys[]): string[] {
  const valid = new Set(signersOf(bytes));
  const texts = sets.flatMap(({ keys, threshold }) => {
    const missing = threshold - keys.filter(({ id }) => valid.has(id)).length;
    if (missing <= 0) return [];
    return [
      `${counted(missing, 'signature')} of ${keys
        .filter(({ id }) => !valid.has(id))
        .map(describeKey)
        .join(', ')}`,
    ];
  });
  return [...new Set(texts)];
}

/** The keys of its own, and of others, whose signatures are there. That they are valid is checked before a root is used. */
function signersOf(bytes: Buffer): string[] {
  const { signatures } = rootOf(bytes, 'the root');
  return Object.keys(signatures);
}

/** Throws SIGNATURE_INVALID unless a root is signed by enough keys of the one before and by enough of its own. */
export function assertFollows(site: SignedSite, { bytes }: Pick<ProposedRoot, 'bytes'>): void {
  const before = rootOf(newestRoot(site).bytes, 'the root');
  const next = rootOf(bytes, 'the new root');
  if (isSignedFor(before, 'root', next) && isSignedFor(next, 'root', next)) return;
  throw new UpdateError('SIGNATURE_INVALID', `root ${String(next.signed.version)} is not signed by enough of the keys that may sign it`, {
    hint: 'a signature in it is not valid: begin the change again',
  });
}

function objectOf(value: Json[string] | undefined): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
}

function listOf(value: Json[string] | undefined): Json[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}
