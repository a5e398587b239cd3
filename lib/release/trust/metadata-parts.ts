/** TUF metadata as the library has it, into the plain data of signed-site.ts. Throws METADATA_INVALID for what is of no use to us. */
import type { Root, Targets } from '@tufjs/models';
import { Metadata, MetadataKind } from '@tufjs/models';
import { UpdateError } from '../../core/errors.ts';
import { findJsonProblem } from '../../core/strict-json.ts';
import type { PublicKey } from '../keys/public-key.ts';
import { publicKeyOfHex } from '../keys/public-key.ts';
import type { Json } from './metadata-text.ts';
import { EXPIRY_DAYS_MEMBER, GZIP_MEMBER, KEY_NAME_MEMBER } from '../../core/trust/metadata-layout.ts';
import type { Dated, DocumentFacts, RoleKeys, SignedDocuments, TopRoles } from './signed-site.ts';
import { branchOfRole, defaultDays } from './signed-site.ts';

type RootMetadata = Metadata<Root>;
type Signable = Parameters<RootMetadata['verifyDelegate']>[1];
type Keys = Root['keys'];
interface MetaEntry {
  version: number;
  length?: number;
  hashes?: Record<string, string>;
}

/** The JSON of a file of metadata. */
export function jsonOf(bytes: Buffer, what: string): Json {
  const text = bytes.toString();
  const problem = findJsonProblem(text);
  if (problem !== null) throw invalid(what, problem);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(what, 'it is not JSON', error);
  }
  if (!isJson(value)) throw invalid(what, 'it is not an object');
  return value;
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The metadata of one kind that a file has. */
export function metadataOf<T>(bytes: Buffer, what: string, parse: (document: Json) => T): T {
  const document = jsonOf(bytes, what);
  try {
    return parse(document);
  } catch (error) {
    throw invalid(what, error instanceof Error ? error.message : String(error), error);
  }
}

export function rootOf(bytes: Buffer, what: string): RootMetadata {
  return metadataOf(bytes, what, (document) => Metadata.fromJSON(MetadataKind.Root, document));
}

/** Whether enough of the keys that `delegator` names for a role have signed. */
export function isSignedFor(delegator: { verifyDelegate: (role: string, metadata: Signable) => void }, role: string, metadata: Signable): boolean {
  try {
    delegator.verifyDelegate(role, metadata);
    return true;
  } catch {
    // The library says by an error what is an answer here.
    return false;
  }
}

/** Version, period and expiry of what is signed. */
export function dated({ version, expires, unrecognizedFields }: Signable['signed'], role: string): Dated {
  const days = unrecognizedFields[EXPIRY_DAYS_MEMBER];
  return { version, expires: new Date(expires), days: typeof days === 'number' && days > 0 ? days : defaultDays(role) };
}

export function timeOf(value: unknown): Date | null {
  const time = typeof value === 'string' ? new Date(value) : null;
  return time === null || Number.isNaN(time.getTime()) ? null : time;
}

/** What a list of metadata says of a file. */
export function metaFacts(name: string, { version, length, hashes }: MetaEntry): DocumentFacts & { version: number } {
  const sha256 = hashes?.['sha256'];
  if (length === undefined || sha256 === undefined) throw invalid(`'${name}' in it`, 'it has no length or no sha256');
  return { version, length, sha256 };
}

export function documentsIn({ targets }: Targets): SignedDocuments {
  return new Map(
    Object.entries(targets).map(([name, { length, hashes, custom }]) => {
      const sha256 = hashes['sha256'];
      if (sha256 === undefined) throw invalid(`'${name}' in the targets`, 'it has no sha256');
      return [name, { length, sha256, isGzipped: custom[GZIP_MEMBER] === true }];
    }),
  );
}

/** The branches that have keys of their own. */
export function delegationsOf({ delegations }: Targets): ReadonlyMap<string, RoleKeys> {
  const roles = Object.values(delegations?.roles ?? {});
  return new Map(
    roles.flatMap((role) => {
      const branch = branchOfRole(role.name);
      return branch === null ? [] : [[branch, roleKeys(role, delegations?.keys ?? {})] as const];
    }),
  );
}

export function topRoles({ roles, keys }: Root): TopRoles {
  const of = (name: string): RoleKeys => {
    const role = roles[name];
    if (role === undefined) throw invalid('the root', `it has no role '${name}'`);
    return roleKeys(role, keys);
  };
  return { root: of('root'), targets: of('targets'), snapshot: of('snapshot'), timestamp: of('timestamp') };
}

function roleKeys({ keyIDs, threshold }: { keyIDs: readonly string[]; threshold: number }, keys: Keys): RoleKeys {
  return { threshold, keys: keyIDs.flatMap((id) => (keys[id] === undefined ? [] : [publicKey(id, keys[id])])) };
}

function publicKey(id: string, { keyType, keyVal, unrecognizedFields }: Keys[string]): PublicKey {
  const publicHex = keyVal['public'];
  if (keyType !== 'ed25519' || publicHex === undefined || !/^[0-9a-f]{64}$/.test(publicHex))
    throw invalid(`the key ${id}`, 'it is not an ed25519 key');
  const name = unrecognizedFields?.[KEY_NAME_MEMBER];
  // As it is named there: another tool may count its id in another way.
  return { ...publicKeyOfHex(publicHex, typeof name === 'string' ? name : null), id };
}

function invalid(what: string, why: string, cause?: unknown): UpdateError {
  return new UpdateError('METADATA_INVALID', `${what} is not valid TUF metadata: ${why}`, { cause });
}
