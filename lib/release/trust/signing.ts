/**
 * How a change of a site gets signed. Everything is signed in memory first, so that a key that is missing or a command that fails
 * leaves the site as it was; then the plain documents are written, as on an unsigned site; then `tuf/`, its timestamp last; what is not offered
 * any more is removed after that. Devices that trust signed releases go by `tuf/` alone, and by the copies of the documents in it.
 * The plain documents come first because the next run goes on from them: one that was cut off in between finds that they are not
 * what is signed, and signs them when the same command comes again.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import { BRANCHES_NAME } from '../../core/release/site-layout.ts';
import { branchTargets } from '../../core/trust/metadata-layout.ts';
import { sha256Of } from '../../core/digest.ts';
import { isSigned, readIfThere } from '../site/site.ts';
import { pruneMetadata, writeMetadata } from './metadata-files.ts';
import { keepOwnRoot } from '../keys/own-root.ts';
import type { Wish } from './plan-metadata.ts';
import { planMetadata } from './plan-metadata.ts';
import { readSignedSite } from './read-signed-site.ts';
import type { Signing } from './sign-role.ts';
import { assertAtHand } from './sign-role.ts';
import type { SignedDocuments, SignedSite } from './signed-site.ts';
import { branchOfDocument, keysOfRole, roleOfDocument } from './signed-site.ts';

/** What is signed, and waits to be written. */
export interface SignedChange {
  /** Writes it, and clears what is out of date; what is worth knowing. */
  write: () => string[];
}

/** An unsigned site has nothing to sign. */
const NOTHING: SignedChange = { write: () => [] };

/**
 * Before a change begins: whether the keys for it are at hand, asking for passphrases. `branches` are those of which documents
 * change; `list` says whether branches.json does. Does nothing for an unsigned site. Throws KEY_MISSING, KEY_INVALID, and what readSignedSite throws.
 */
export function assertCanSign(dir: string, signing: Signing | null, { branches, list }: { branches: readonly string[]; list: boolean }): void {
  if (!isSigned(dir)) return;
  const { site, with: who } = opened(dir, signing);
  const documents = [...(list ? [BRANCHES_NAME] : []), ...branches.flatMap(branchTargets)];
  const roles = new Set([...documents.map((name) => roleOfDocument(name, site.targets.delegations)), 'snapshot', 'timestamp', ...site.unsound]);
  for (const role of roles) {
    const keys = keysOfRole(site, role);
    if (keys !== null) assertAtHand(who.ring, role, keys);
  }
}

/** Signs these documents, and nothing else. Under the lock of the site. Throws what assertCanSign throws; writes nothing. */
export function signDocuments(dir: string, signing: Signing | null, documents: ReadonlyMap<string, Buffer | null>): SignedChange {
  return signChange(dir, signing, { documents });
}

/** Signs whatever is wished. Under the lock of the site. Throws what assertCanSign throws; writes nothing. */
export function signChange(dir: string, signing: Signing | null, wish: Wish): SignedChange {
  if (!isSigned(dir)) return NOTHING;
  const { site, with: who } = opened(dir, signing);
  const files = planMetadata(site, wish, who);
  return {
    write: () => {
      writeMetadata(dir, files);
      keepOwnRoot(dir, who);
      return [...pruned(dir), ...unsignedNotices(dir, who)];
    },
  };
}

/** The signed metadata, and who signs. Throws KEY_MISSING where no keys were given at all. */
function opened(dir: string, signing: Signing | null): { site: SignedSite; with: Signing } {
  if (signing === null) {
    throw new UpdateError('KEY_MISSING', `'${dir}' is a signed site, and no keys were given`, {
      hint: 'give them with --keys DIR, PIKIT_KEYS, --key-fd or --sign-with',
    });
  }
  return { site: readSignedSite(dir, signing.trustedRoot), with: signing };
}

function pruned(dir: string): string[] {
  try {
    pruneMetadata(dir);
    return [];
  } catch (error) {
    // Safe to go on: devices ask for none of these files, and the next run removes them.
    return [`old metadata is still in 'tuf/': ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** All documents that are signed, by whichever role. */
export function allDocuments(site: SignedSite): SignedDocuments {
  return new Map([...site.targets.documents, ...[...site.branches.values()].flatMap(({ documents }) => [...documents])]);
}

/** Documents that lie in the site otherwise than they are signed: an interrupted run has left them, or other hands. */
export function unsignedDocuments(dir: string, site: SignedSite): string[] {
  const signed = allDocuments(site);
  const there = documentNames(dir);
  const changed = there.filter((name) => {
    const bytes = readIfThere(join(dir, name));
    return bytes !== null && signed.get(name)?.sha256 !== sha256Of(bytes);
  });
  return [...changed, ...[...signed.keys()].filter((name) => !there.includes(name))].toSorted();
}

/** Whether a document of a signed site is another one than is signed: a run was cut short before it signed. */
export function isUnsigned(dir: string, signing: Signing | null, name: string): boolean {
  return isSigned(dir) && unsignedDocuments(dir, opened(dir, signing).site).includes(name);
}

/** The documents of a site that can be signed. */
export function documentNames(dir: string): string[] {
  return fs
    .readdirSync(dir)
    .filter((name) => name === BRANCHES_NAME || (branchOfDocument(name) !== null && name.endsWith('.json')))
    .toSorted();
}

function unsignedNotices(dir: string, signing: Signing): string[] {
  return unsignedDocuments(dir, readSignedSite(dir, signing.trustedRoot)).map(
    (name) =>
      `'${name}' is not as it is signed: run the command that was interrupted again, or look at it and sign it with: pikit-release sign --site ${dir}`,
  );
}
