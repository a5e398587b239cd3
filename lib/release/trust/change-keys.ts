/** `pikit-release key add|rotate|revoke|sign`: other keys for a role, by a new root, or by a new delegation for a branch. */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import { writeDurable } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import type { PublicKey } from '../keys/public-key.ts';
import { describeKey } from '../keys/public-key.ts';
import { withSiteLock } from '../site/site-lock.ts';
import { openSite } from '../site/site.ts';
import { assertThreshold } from './branch-keys.ts';
import { keepOwnRoot } from '../keys/own-root.ts';
import { writeMetadata } from './metadata-files.ts';
import { newestRootFiles } from './plan-metadata.ts';
import { readSignedSite } from './read-signed-site.ts';
import type { ProposedRoot } from './root-change.ts';
import { addSignatures, assertFollows, proposeRoot } from './root-change.ts';
import type { Signing } from './sign-role.ts';
import { signChange } from './signing.ts';
import type { RoleKeys, SignedSite, TopRoles } from './signed-site.ts';
import { TOP_ROLES, branchOfRole, keysOfRole, newestRoot } from './signed-site.ts';

/** The two roles that one key renews. */
export const ONLINE = 'online';

export interface KeyChange {
  site: string;
  /** A role, or `online` for snapshot and timestamp. */
  role: string;
  signing: Signing;
  change: (now: RoleKeys) => RoleKeys;
  /** Where a root that lacks signatures is kept. */
  pending: string;
}

export interface KeysChanged {
  roles: string[];
  keys: RoleKeys;
  /** The root that counts now; null where no root was needed. */
  root: number | null;
  /** A root that waits for signatures: its file, and what it lacks. */
  waits: { path: string; lacks: string[] } | null;
  notices: string[];
}

/**
 * Gives a role other keys. A root that does not have all signatures yet is kept at `pending`, and the site stays as it is. Throws
 * USAGE for a role that the site does not have, KEY_MISSING, KEY_INVALID, BUSY; the site is as it was then.
 */
export function changeKeys({ site: dir, role, signing, change, pending }: KeyChange): KeysChanged {
  openSite(dir);
  return withSiteLock(dir, () => {
    const site = readSignedSite(dir, signing.trustedRoot);
    // A run that was cut short at its last file has changed the keys: what is refused now leaves nothing half done.
    writeMetadata(dir, newestRootFiles(site));
    const roles = rolesOf(role);
    const changed = new Map(roles.map((name) => [name, changedRole(site, name, change)]));
    const keys = [...changed.values()][0] ?? { threshold: 1, keys: [] };
    const branch = branchOfRole(role);
    if (branch !== null) {
      const notices = signChange(dir, signing, { delegations: new Map([[branch, keys]]) }).write();
      return { roles, keys, root: null, waits: null, notices };
    }
    const next: TopRoles = { ...newestRoot(site).roles, ...Object.fromEntries(changed) };
    const proposed = proposeRoot(site, next, signing);
    if (proposed.lacks.length > 0) {
      const path = keep(pending, proposed);
      return { roles, keys, root: null, waits: { path, lacks: proposed.lacks }, notices: [] };
    }
    return { roles, keys, root: proposed.version, waits: null, notices: install(dir, site, proposed, signing) };
  });
}

function changedRole(site: SignedSite, role: string, change: KeyChange['change']): RoleKeys {
  const now = keysOfRole(site, role);
  if (now === null) {
    const branches = [...site.targets.delegations.keys()].map((branch) => `branch-${branch}`);
    throw new UpdateError('USAGE', `the site has no role '${role}'`, { hint: `roles are ${[...TOP_ROLES, ONLINE, ...branches].join(', ')}` });
  }
  const keys = change(now);
  assertThreshold(role, keys);
  return keys;
}

/** Whether a role has a key that is to go: else no other one need be made in its place, as changeKeys will say why. */
export function hasKey(dir: string, role: string, old: string): boolean {
  const site = readSignedSite(dir, null);
  return rolesOf(role).every((name) => keysOfRole(site, name)?.keys.some((key) => isCalled(key, old)) === true);
}

function rolesOf(role: string): string[] {
  return role === ONLINE ? ['snapshot', 'timestamp'] : [role];
}

/** One key more than there are, or several. Throws KEY_INVALID for one that is there. */
export function withKeys(now: RoleKeys, added: readonly PublicKey[], threshold: number | null): RoleKeys {
  const twice = added.find(({ id }) => now.keys.some((key) => key.id === id));
  if (twice !== undefined) throw new UpdateError('KEY_INVALID', `the role has the key ${describeKey(twice)} already`);
  return { keys: [...now.keys, ...added], threshold: threshold ?? now.threshold };
}

/** `added` in the place of one key, or of all when none is named. Throws USAGE for one that the role does not have. */
export function withOtherKeys(now: RoleKeys, old: string | null, added: readonly PublicKey[], threshold: number | null): RoleKeys {
  const stay = old === null ? [] : withoutKey(now, old, null).keys;
  return withKeys({ keys: stay, threshold: Math.min(now.threshold, stay.length + added.length) }, added, threshold);
}

/** Without one key, by its fingerprint or its name. Throws USAGE for one that the role does not have. */
export function withoutKey(now: RoleKeys, old: string, threshold: number | null): RoleKeys {
  const found = now.keys.filter((key) => isCalled(key, old));
  if (found.length !== 1) {
    throw new UpdateError('USAGE', `the role has ${found.length === 0 ? 'no key' : 'several keys'} '${old}'`, {
      hint: `its keys are ${now.keys.map(describeKey).join(', ')}`,
    });
  }
  return { keys: now.keys.filter((key) => key !== found[0]), threshold: threshold ?? now.threshold };
}

function isCalled({ fingerprint, name }: PublicKey, called: string): boolean {
  return fingerprint === called || name === called;
}

export interface RootSigned {
  version: number;
  signedNow: PublicKey[];
  lacks: string[];
  /** It is the root of the site now. */
  isInstalled: boolean;
  notices: string[];
}

/**
 * Signs a root that waits for signatures, and keeps it where it is. With the site, it becomes its root when nothing is lacking, and
 * the file is removed. Throws INPUT_REFUSED for a file that cannot be read, and what addSignatures throws.
 */
export function signPendingRoot(file: string, dir: string | null, signing: Signing): RootSigned {
  const read = (): Buffer => {
    try {
      return fs.readFileSync(file);
    } catch (error) {
      throw new UpdateError('INPUT_REFUSED', `the root '${file}' cannot be read`, { cause: error });
    }
  };
  const act = (site: SignedSite | null): RootSigned => {
    const pending = read();
    if (dir !== null && site !== null && newestRoot(site).bytes.equals(pending)) {
      // A run that was cut short has made it the root of the site, and is finished now.
      writeMetadata(dir, newestRootFiles(site));
      keepOwnRoot(dir, signing);
      fs.unlinkSync(file);
      return { version: newestRoot(site).version, signedNow: [], lacks: [], isInstalled: true, notices: [] };
    }
    const { signedNow, ...root } = addSignatures(pending, `'${file}'`, site, signing);
    writeDurable(file, root.bytes, { mode: 0o644 });
    const isInstalled = dir !== null && site !== null && root.lacks.length === 0;
    const notices = isInstalled ? install(dir, site, root, signing) : [];
    if (isInstalled) fs.unlinkSync(file);
    return { version: root.version, signedNow, lacks: root.lacks, isInstalled, notices };
  };
  if (dir === null) return act(null);
  openSite(dir);
  return withSiteLock(dir, () => act(readSignedSite(dir, signing.trustedRoot)));
}

function install(dir: string, site: SignedSite, root: ProposedRoot, signing: Signing): string[] {
  assertFollows(site, root);
  return signChange(dir, signing, { root }).write();
}

function keep(pending: string, { version, bytes }: ProposedRoot): string {
  mkdirDurable(pending, 0o700);
  const path = join(pending, `${String(version)}.root.json`);
  writeDurable(path, bytes, { mode: 0o644 });
  return path;
}
