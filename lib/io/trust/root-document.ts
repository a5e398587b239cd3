/**
 * A root as a person gives it to a device: read, verified by itself, and described with the keys that people compare. Nothing else
 * vouches for it, so it has to hold by itself: sound ed25519 keys alone, each once, and signatures of its own threshold.
 */
import type { Root } from '@tufjs/models';
import { Metadata, MetadataKind } from '@tufjs/models';
import * as z from 'zod';
import { parseDocument } from '../../core/json.ts';
import { METADATA_MAX_BYTES } from '../../core/trust/metadata-layout.ts';
import { vetMetadata } from '../../core/trust/metadata-shape.ts';
import { metadataError, withTrustHint } from './metadata-errors.ts';
import { countedKeys, fingerprintOf, keyName, signingRole } from './signers.ts';

export interface ShownKey {
  fingerprint: string;
  name: string | null;
  /** Whether this very document has a valid signature of it. */
  hasSigned: boolean;
}

const ROLES = ['root', 'targets', 'snapshot', 'timestamp'] as const;

export interface RootRole {
  role: (typeof ROLES)[number];
  threshold: number;
  keys: ShownKey[];
}

export interface RootDocument {
  bytes: Buffer;
  version: number;
  expires: Date;
  /** The role root comes first. */
  roles: RootRole[];
  /** Whether enough keys of this root have signed another one: whether this one leads to it. */
  vouchesFor: (next: RootDocument) => boolean;
}

/**
 * `name`: where it is from, for messages. Throws METADATA_INVALID for what is no root, SIGNATURE_INVALID for one that is not signed by
 * as many of its own keys as it asks for, or in which a key is weak or would count twice. It may have expired.
 */
export function readRootDocument(bytes: Buffer, name: string): RootDocument {
  const metadata = parseRoot(bytes, name);
  const roles = ROLES.map((role) => roleOf(metadata, role, name));
  const own = roles[0];
  if (own === undefined || !isSignedFor(metadata, metadata)) {
    const count = own?.keys.filter(({ hasSigned }) => hasSigned).length ?? 0;
    const message = `'${name}' is signed by ${String(count)} of its own keys, and needs ${String(own?.threshold ?? 1)}`;
    throw metadataError('SIGNATURE_INVALID', message);
  }
  const { version, expires } = metadata.signed;
  return { bytes, version, expires: new Date(expires), roles, vouchesFor: (next) => isSignedFor(metadata, parseRoot(next.bytes, name)) };
}

function parseRoot(bytes: Buffer, name: string): Metadata<Root> {
  const maxBytes = METADATA_MAX_BYTES.root;
  try {
    vetMetadata(bytes, { name, kind: 'root', role: 'root', profile: 'device', maxBytes });
    const value = parseDocument(bytes, z.record(z.string(), z.json()), { what: `'${name}'`, maxBytes, code: 'METADATA_INVALID' });
    return Metadata.fromJSON(MetadataKind.Root, value);
  } catch (error) {
    throw withTrustHint(error);
  }
}

function roleOf(metadata: Metadata<Root>, role: RootRole['role'], name: string): RootRole {
  const signing = signingRole(metadata, role);
  if (signing === null || signing.keys.length < signing.threshold) {
    const message = `'${name}' needs ${String(signing?.threshold ?? 1)} keys for the role ${role}, and has ${String(signing?.keys.length ?? 0)}`;
    throw metadataError('METADATA_INVALID', message);
  }
  const signed = countedKeys(signing, metadata);
  const keys = signing.keys.map((key) => ({ fingerprint: fingerprintOf(key), name: keyName(key), hasSigned: signed.includes(key) }));
  return { role, threshold: signing.threshold, keys };
}

function isSignedFor(root: Metadata<Root>, next: Metadata<Root>): boolean {
  try {
    root.verifyDelegate('root', next);
    return true;
  } catch {
    // Safe to ignore: it says that too few keys have signed, which is the answer.
    return false;
  }
}
