/** Whose signatures count, and whose are missing. */
import type { Key, Metadata, Root, Snapshot, Targets, Timestamp } from '@tufjs/models';
import { MetadataKind } from '@tufjs/models';
import { keyFingerprint } from '../../core/trust/fingerprint.ts';
import { KEY_NAME_MEMBER } from '../../core/trust/metadata-layout.ts';
import { printable } from '../../core/printable.ts';

export type AnyMetadata = Metadata<Root> | Metadata<Timestamp> | Metadata<Snapshot> | Metadata<Targets>;
export type Delegator = Metadata<Root> | Metadata<Targets>;

/** What a delegator says of a role. */
export interface SigningRole {
  threshold: number;
  keys: Key[];
}

/** Null: the delegator has no such role. */
export function signingRole(delegator: Delegator, role: string): SigningRole | null {
  const { signed } = delegator;
  if (signed.type === MetadataKind.Root) return withKeys(own(signed.roles, role), signed.keys);
  const { delegations } = signed;
  if (delegations === undefined) return null;
  return withKeys(own(delegations.roles ?? {}, role) ?? delegations.succinctRoles, delegations.keys);
}

function withKeys(role: { keyIDs: string[]; threshold: number } | undefined, keys: Record<string, Key>): SigningRole | null {
  if (role === undefined) return null;
  return { threshold: role.threshold, keys: role.keyIDs.flatMap((id) => own(keys, id) ?? []) };
}

function own<T>(record: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The keys of a role that have signed it. */
export function countedKeys(role: SigningRole, metadata: AnyMetadata): Key[] {
  return role.keys.filter((key) => {
    try {
      key.verifySignature(metadata);
      return true;
    } catch {
      // Safe to ignore: a signature that does not verify does not count.
      return false;
    }
  });
}

/** Its name, for people, or null. A name is whatever the signer of the root wrote. */
export function keyName(key: Key): string | null {
  const name = key.unrecognizedFields?.[KEY_NAME_MEMBER];
  return typeof name === 'string' && name !== '' ? printable(name.slice(0, 100)) : null;
}

/** The fingerprint of an ed25519 key; of another kind, its id. */
export function fingerprintOf(key: Key): string {
  const { public: value = '' } = key.keyVal;
  return key.keyType === 'ed25519' && /^[0-9a-f]{64}$/.test(value) ? keyFingerprint(value) : key.keyID;
}
