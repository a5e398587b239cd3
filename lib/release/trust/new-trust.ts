/** The keys and the first signed metadata of a site: for one person, who has a key for the root, one for targets, and one that renews the rest. */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import { METADATA_FOLDER, metadataPath } from '../../core/trust/metadata-layout.ts';
import { fsyncDir, removeTree } from '../../transaction/files/durable.ts';
import type { KeyFile } from '../keys/key-folder.ts';
import {
  OWN_ROOT_NAME,
  hasKeyFile,
  isEncrypted,
  makeKey,
  makeKeysFolder,
  openPrivateKey,
  readKeyFolder,
  readOwnRoot,
  writePublicHalf,
} from '../keys/key-folder.ts';
import type { Passphrases } from '../keys/passphrase.ts';
import type { PublicKey } from '../keys/public-key.ts';
import { publicKeyOf } from '../keys/public-key.ts';
import { TUF_NAME, readIfThere } from '../site/site.ts';
import { writeMetadata } from './metadata-files.ts';
import { firstMetadata } from './plan-metadata.ts';
import { documentNames } from './signing.ts';
import { keepOwnRoot } from '../keys/own-root.ts';
import { readSignedSite } from './read-signed-site.ts';
import type { Signing } from './sign-role.ts';
import type { TopRoles } from './signed-site.ts';

/** A key that a run made, or found where an interrupted one had made it. */
export interface KeptKey {
  key: PublicKey;
  path: string;
  isNew: boolean;
}

/** What makes keys: where they go, and what encrypts them. */
export interface KeyMaking {
  folder: string;
  passphrases: Passphrases;
  /** False: they are not encrypted. */
  isEncrypted: boolean;
}

/** A key of that name: the one that is there, else a new one. Throws KEY_INVALID, KEY_MISSING; loses none that is there. */
function keptKey(name: string, making: KeyMaking): KeptKey {
  const path = join(making.folder, `${name}.pem`);
  if (hasKeyFile(making.folder, name)) return { key: keyThere(making, name), path, isNew: false };
  return { key: makeKey(making.folder, name, making.isEncrypted ? making.passphrases.toMake() : null), path, isNew: true };
}

/**
 * A new key for a role: `NAME`, or `NAME-2` and so on where that one is in use. One that an interrupted run made, and that the
 * site does not name, is taken.
 */
export function freshKey(name: string, site: string, making: KeyMaking): KeptKey {
  const used = usedKeys(site);
  for (let count = 1; ; count += 1) {
    const numbered = count === 1 ? name : `${name}-${String(count)}`;
    const there = hasKeyFile(making.folder, numbered) ? keyThere(making, numbered) : null;
    if (there === null || !used.has(there.publicHex)) return keptKey(numbered, making);
  }
}

/** Every key that the metadata of a site names, or named in a root before. */
function usedKeys(site: string): ReadonlySet<string> {
  const { roots, targets } = readSignedSite(site, null);
  const roles = [...roots.flatMap((root) => Object.values(root.roles)), ...targets.delegations.values()];
  return new Set(roles.flatMap(({ keys }) => keys.map(({ publicHex }) => publicHex)));
}

function keyThere({ folder, passphrases }: KeyMaking, name: string): PublicKey {
  const file = readKeyFolder(folder).find((one) => one.name === name);
  if (file === undefined) throw new UpdateError('KEY_INVALID', `the key '${name}' in '${folder}' cannot be read`);
  if (file.public !== null) return file.public;
  const key = publicHalf(file, passphrases);
  writePublicHalf(folder, key, name);
  return key;
}

function publicHalf({ pem, path, name }: KeyFile, passphrases: Passphrases): PublicKey {
  const what = `the key '${path}'`;
  return publicKeyOf(openPrivateKey(pem, what, isEncrypted(pem) ? passphrases.toOpen(what, false) : null), what, name);
}

/** The keys of a site for one person. A folder that has the root of a site belongs to that site: KEY_INVALID. */
export function keysForOne(site: string, making: KeyMaking): { kept: KeptKey[]; roles: TopRoles } {
  const own = readOwnRoot(making.folder);
  if (own !== null && readIfThere(join(site, metadataPath('1.root.json')))?.equals(own) !== true) {
    throw new UpdateError(
      'KEY_INVALID',
      `'${making.folder}' has the keys of a site already: '${join(making.folder, OWN_ROOT_NAME)}' is its root of trust`,
      {
        hint: 'name another folder with --keys; to sign that site, give it with --site',
      },
    );
  }
  makeKeysFolder(making.folder);
  const [root, targets, online] = [keptKey('root', making), keptKey('targets', making), keptKey('online', making)];
  const only = ({ key }: KeptKey): TopRoles['root'] => ({ threshold: 1, keys: [key] });
  return { kept: [root, targets, online], roles: { root: only(root), targets: only(targets), snapshot: only(online), timestamp: only(online) } };
}

/**
 * Gives a site its first metadata, of its documents as they are and `added`: made beside it and put in its place at once, so a site is signed
 * wholly or not at all. The root is kept with the keys as well. Throws KEY_MISSING, KEY_INVALID, and leaves the site unsigned then.
 */
export function signFirst(
  dir: string,
  roles: TopRoles,
  { days, added }: { days: ReadonlyMap<string, number>; added: ReadonlyMap<string, Buffer> },
  signing: Signing,
): void {
  const names = documentNames(dir).map((name) => [name, fs.readFileSync(join(dir, name))] as const);
  const files = firstMetadata(roles, { documents: new Map([...names, ...added]), days }, signing);
  const staging = join(dir, `${TUF_NAME}.tmp`);
  removeTree(staging);
  writeMetadata(staging, files);
  fs.renameSync(join(staging, METADATA_FOLDER), join(dir, METADATA_FOLDER));
  fsyncDir(dir);
  removeTree(staging);
  keepOwnRoot(dir, signing);
}
