/** The bytes of TUF metadata: JSON on one line, signed over its canonical form. The same input and keys give the same bytes. */
import { Metadata, MetadataKind, Signature } from '@tufjs/models';
import {
  EXPIRY_DAYS_MEMBER,
  GZIP_MEMBER,
  KEY_NAME_MEMBER,
  METADATA_FOLDER,
  SIGNED_AT_MEMBER,
  branchRole,
  branchTargets,
} from '../../core/trust/metadata-layout.ts';
import { sha256Of } from '../../core/digest.ts';
import type { PublicKey } from '../keys/public-key.ts';
import type { Dated, DocumentFacts, RoleKeys, SignedDocuments, TopRoles } from './signed-site.ts';
import { TOP_ROLES } from './signed-site.ts';

const SPEC_VERSION = '1.0.31';

export type Json = { [key: string]: JsonValue };
type JsonValue = null | boolean | number | string | JsonValue[] | Json;

/** Gives the signatures of these bytes; it decides by which keys. */
export type Signer = (bytes: Buffer) => readonly { key: PublicKey; signature: Buffer }[];

/** A file of `tuf/`, by its path below the site. */
export interface MetadataFile {
  path: string;
  bytes: Buffer;
}

/** The next metadata of a role: its version, its period in days, and the moment of signing that counts from. */
export type Issue = Pick<Dated, 'version' | 'days'> & { at: Date };

/** A time as metadata has it: whole seconds. */
function timeText(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

function header(type: string, { version, days, at }: Issue): Json {
  const expires = timeText(new Date(at.getTime() + days * 86_400_000));
  return { _type: type, spec_version: SPEC_VERSION, version, expires, [EXPIRY_DAYS_MEMBER]: days };
}

export function rootPart(issue: Issue, roles: TopRoles): Json {
  const keys = TOP_ROLES.flatMap((role) => roles[role].keys);
  return {
    ...header(MetadataKind.Root, issue),
    consistent_snapshot: true,
    keys: keysPart(keys),
    roles: Object.fromEntries(TOP_ROLES.map((role) => [role, rolePart(roles[role])])),
  };
}

export function targetsPart(issue: Issue, documents: SignedDocuments, delegations: ReadonlyMap<string, RoleKeys>): Json {
  const roles = [...delegations].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const delegated = {
    keys: keysPart(roles.flatMap(([, { keys }]) => keys)),
    roles: roles.map(([branch, keys]) => ({ ...rolePart(keys), name: branchRole(branch), terminating: true, paths: branchTargets(branch) })),
  };
  return {
    ...header(MetadataKind.Targets, issue),
    targets: Object.fromEntries(
      [...documents]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { length, sha256, isGzipped }]) => [
          name,
          { length, hashes: { sha256 }, ...(isGzipped ? { custom: { [GZIP_MEMBER]: true } } : {}) },
        ]),
    ),
    ...(roles.length === 0 ? {} : { delegations: delegated }),
  };
}

export function snapshotPart(issue: Issue, meta: ReadonlyMap<string, DocumentFacts & { version: number }>): Json {
  return { ...header(MetadataKind.Snapshot, issue), meta: metaPart(meta) };
}

export function timestampPart(issue: Issue, snapshot: DocumentFacts & { version: number }): Json {
  return { ...header(MetadataKind.Timestamp, issue), meta: metaPart(new Map([['snapshot.json', snapshot]])), [SIGNED_AT_MEMBER]: timeText(issue.at) };
}

function metaPart(meta: ReadonlyMap<string, DocumentFacts & { version: number }>): Json {
  const entries = [...meta].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, { version, length, sha256 }]) => [name, { version, length, hashes: { sha256 } }]));
}

function keysPart(keys: readonly PublicKey[]): Json {
  return Object.fromEntries(
    keys.map(({ id, publicHex, name }) => [
      id,
      { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: publicHex }, ...(name === null ? {} : { [KEY_NAME_MEMBER]: name }) },
    ]),
  );
}

function rolePart({ keys, threshold }: RoleKeys): Json {
  return { keyids: keys.map(({ id }) => id), threshold };
}

/** The bytes of a signed part: what the library would read again, and nothing else. `kept` are signatures that it has already. */
export function signedBytes(part: Json, signer: Signer, kept: Json[] = []): Buffer {
  const metadata = metadataOfPart(part, kept);
  for (const { key, signature } of signer(canonicalBytes(part))) {
    metadata.sign(() => new Signature({ keyID: key.id, sig: signature.toString('hex') }));
  }
  return Buffer.from(`${JSON.stringify(metadata.toJSON())}\n`);
}

/** What signatures of a part are made over: the library hands its canonical form to what signs. */
function canonicalBytes(part: Json): Buffer {
  const asked: Buffer[] = [];
  metadataOfPart(part, []).sign((bytes) => {
    asked.push(bytes);
    return new Signature({ keyID: '', sig: '' });
  });
  return Buffer.concat(asked);
}

function metadataOfPart(signed: Json, signatures: Json[]) {
  const document = { signed, signatures };
  if (signed['_type'] === MetadataKind.Root) return Metadata.fromJSON(MetadataKind.Root, document);
  if (signed['_type'] === MetadataKind.Targets) return Metadata.fromJSON(MetadataKind.Targets, document);
  if (signed['_type'] === MetadataKind.Snapshot) return Metadata.fromJSON(MetadataKind.Snapshot, document);
  return Metadata.fromJSON(MetadataKind.Timestamp, document);
}

/** A versioned file of `tuf/`. */
export function versionedFile(name: string, version: number, bytes: Buffer): MetadataFile {
  return { path: `${METADATA_FOLDER}/${String(version)}.${name}.json`, bytes };
}

/** What a list says of a file. */
export function documentFacts(bytes: Buffer): DocumentFacts {
  return { length: bytes.length, sha256: sha256Of(bytes) };
}
