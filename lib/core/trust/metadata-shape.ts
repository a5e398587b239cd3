/**
 * What metadata has to be before a signature of it is looked at. tuf-js reads JSON loosely, where a signer and a reader may see
 * two documents: a date that is none never expires there, and a member twice counts as its last.
 * Unknown members are kept: they are signed too.
 */
import * as z from 'zod';
import { UpdateError } from '../errors.ts';
import { readDocument, shapeDocument } from '../json.ts';
import { quotable } from '../release/release-path.ts';
import { branchRole, branchTargets } from './metadata-layout.ts';
import { publicKeyProblem } from './public-key.ts';

/** `device`: what this updater signs, and no more. `tuf`: all that the specification allows, for other repositories. */
export type MetadataProfile = 'device' | 'tuf';

export type MetadataKind = 'root' | 'timestamp' | 'snapshot' | 'targets';

/** What is read of metadata whose signatures are not looked at yet. */
export interface MetadataFacts {
  version: number;
  expires: Date;
}

const Version = z.int().positive();
const Expires = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/, 'must be a date such as 2026-12-01T00:00:00Z')
  .refine((text) => !Number.isNaN(Date.parse(text)), { error: 'must be a date' });
const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 of 0-9 and a-f');
const Hashes = z.looseObject({ sha256: Sha256.optional() }).catchall(z.string());
const Key = z.looseObject({ keytype: z.string(), scheme: z.string(), keyval: z.looseObject({ public: z.string() }) });
const Keys = z.record(z.string(), Key);
const Role = z.looseObject({ keyids: z.array(z.string()).max(1000), threshold: z.int().positive() });
const Delegated = Role.extend({ name: z.string(), terminating: z.boolean(), paths: z.array(z.string()).optional() });
const File = z.looseObject({ version: Version, length: z.int().nonnegative().optional(), hashes: Hashes.optional() });
const Target = z.looseObject({ length: z.int().nonnegative(), hashes: Hashes });
const Signature = z.looseObject({ keyid: z.string(), sig: z.string() });

const common = { spec_version: z.string().regex(/^1\.\d+(\.\d+)?$/, 'must be 1.0 or later, before 2'), version: Version, expires: Expires };
const signedOf = {
  root: z.looseObject({
    ...common,
    _type: z.literal('root'),
    consistent_snapshot: z.boolean(),
    keys: Keys,
    roles: z.looseObject({ root: Role, timestamp: Role, snapshot: Role, targets: Role }),
  }),
  timestamp: z.looseObject({
    ...common,
    _type: z.literal('timestamp'),
    meta: z.looseObject({ 'snapshot.json': File }),
    'x-pikit-signed-at': z.iso.datetime().optional(),
  }),
  snapshot: z.looseObject({ ...common, _type: z.literal('snapshot'), meta: z.looseObject({ 'targets.json': File }).catchall(File) }),
  targets: z.looseObject({
    ...common,
    _type: z.literal('targets'),
    targets: z.record(z.string(), Target),
    delegations: z.looseObject({ keys: Keys, roles: z.array(Delegated).optional() }).optional(),
  }),
} satisfies Record<MetadataKind, z.ZodType>;
const Envelope = z.looseObject({ signatures: z.array(Signature), signed: z.looseObject(common) });

interface Asked {
  /** The name of the file, for messages. */
  name: string;
  kind: MetadataKind;
  /** The role that it is for: `targets` and the delegated roles have one kind. */
  role: string;
  profile: MetadataProfile;
  maxBytes: number;
}

/**
 * Refuses bytes that are no metadata of this kind: METADATA_INVALID, and SIGNATURE_INVALID where a key or a signature in it is weak.
 * Whether enough keys have signed it is not said.
 */
export function vetMetadata(bytes: Uint8Array, asked: Asked): MetadataFacts {
  const limits = { what: `'${asked.name}'`, maxBytes: asked.maxBytes, code: 'METADATA_INVALID' as const };
  const value = readDocument(bytes, limits);
  if (hasPrototype(value)) throw invalid(asked, "it has a member '__proto__'");
  const { signatures } = shapeDocument(value, Envelope, limits);
  const ids = signatures.map(({ keyid }) => keyid);
  const twice = ids.find((id, at) => ids.indexOf(id) !== at);
  if (twice !== undefined) throw weak(asked, `the key '${quotable(twice)}' has signed it twice`);
  if (asked.profile === 'device') {
    const odd = signatures.find(({ sig }) => !/^[0-9a-f]{128}$/.test(sig));
    if (odd !== undefined) throw weak(asked, `the signature of key '${quotable(odd.keyid)}' is not 64 bytes in hex`);
  }
  return vetSigned(value, asked, limits);
}

function vetSigned(value: unknown, asked: Asked, limits: Parameters<typeof shapeDocument>[2]): MetadataFacts {
  if (asked.kind === 'root') {
    const { signed } = shapeDocument(value, z.looseObject({ signed: signedOf.root }), limits);
    vetKeys(signed.keys, asked);
    return factsOf(signed);
  }
  if (asked.kind === 'targets') {
    const { signed } = shapeDocument(value, z.looseObject({ signed: signedOf.targets }), limits);
    if (signed.delegations !== undefined) {
      vetKeys(signed.delegations.keys, asked);
      vetDelegations(signed.delegations.roles ?? [], asked);
    }
    return factsOf(signed);
  }
  return factsOf(shapeDocument(value, z.looseObject({ signed: signedOf[asked.kind] }), limits).signed);
}

function factsOf({ version, expires }: { version: number; expires: string }): MetadataFacts {
  return { version, expires: new Date(expires) };
}

/** One key under two ids would count twice. */
function vetKeys(keys: z.infer<typeof Keys>, asked: Asked): void {
  const idOf = new Map<string, string>();
  for (const [id, { keytype, scheme, keyval }] of Object.entries(keys)) {
    const key = `the key '${quotable(id)}'`;
    const other = idOf.get(keyval.public);
    if (other !== undefined) throw weak(asked, `${key} is the same as '${quotable(other)}'`);
    idOf.set(keyval.public, id);
    if (asked.profile === 'tuf' && keytype !== 'ed25519') continue;
    if (keytype !== 'ed25519' || scheme !== 'ed25519')
      throw invalid(asked, `${key} is of the kind '${quotable(keytype)}' (${quotable(scheme)}), only ed25519 is allowed`);
    const problem = asked.profile === 'tuf' && !/^[0-9a-f]{64}$/.test(keyval.public) ? null : publicKeyProblem(keyval.public);
    if (problem !== null) throw weak(asked, `${key} cannot be used: ${problem}`);
    if (asked.profile === 'device' && !/^[0-9a-f]{64}$/.test(id)) throw invalid(asked, `${key} has an id that is no sha256`);
  }
}

/** Only `targets` delegates, to the roles of branches, and each role may name the two documents of its branch. */
function vetDelegations(roles: readonly z.infer<typeof Delegated>[], asked: Asked): void {
  const names = roles.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw invalid(asked, `the role '${quotable(twice)}' is there twice`);
  if (asked.profile === 'tuf') return;
  for (const { name, terminating, paths } of roles) {
    const role = `the role '${quotable(name)}'`;
    if (asked.role !== 'targets') throw invalid(asked, `it delegates to ${role}, and only 'targets' may delegate`);
    const branch = /^branch-([a-z0-9_]{1,64})$/.exec(name)?.[1];
    if (branch === undefined || name === branchRole('stable')) throw invalid(asked, `${role} is none of a branch that may have keys of its own`);
    const wanted = branchTargets(branch);
    if (!terminating || paths?.toSorted().join() !== wanted.toSorted().join())
      throw invalid(asked, `${role} has to be for '${wanted.join("' and '")}' only, and the last that is asked for them`);
  }
}

/** `{"__proto__": …}` is a member for JSON, and something else for many a program. */
function hasPrototype(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.hasOwn(value, '__proto__') || Object.values(value).some(hasPrototype);
}

function invalid({ name }: Asked, problem: string): UpdateError {
  return new UpdateError('METADATA_INVALID', `'${quotable(name)}' is invalid: ${problem}`);
}

function weak({ name }: Asked, problem: string): UpdateError {
  return new UpdateError('SIGNATURE_INVALID', `'${quotable(name)}' is refused: ${problem}`);
}
