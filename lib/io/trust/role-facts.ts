/** What is trusted, for people: roles, keys, versions and dates. */
import { EXPIRY_DAYS_MEMBER, SIGNED_AT_MEMBER } from '../../core/trust/metadata-layout.ts';
import type { MetadataChain } from './metadata-chain.ts';
import type { MetadataState, RoleFacts } from './metadata-types.ts';
import type { Delegator } from './signers.ts';
import { fingerprintOf, keyName, signingRole } from './signers.ts';
import type { TrustedMetadata } from './trusted-metadata.ts';
import { targetsRole } from './trusted-metadata.ts';

interface Signed {
  version: number;
  expires: string;
  unrecognizedFields: Readonly<Record<string, unknown>>;
}

/** Versions that are trusted, and the first date on which one of them expires; null below what is not known. */
export function stateOf({ set }: TrustedMetadata): MetadataState {
  const targets = set.targets?.signed;
  const all = [set.root.signed, set.timestamp?.signed, set.snapshot?.signed, targets].flatMap((signed) => signed ?? []);
  const signedAt = set.timestamp?.signed.unrecognizedFields[SIGNED_AT_MEMBER];
  return {
    root: set.root.signed.version,
    timestamp: set.timestamp?.signed.version ?? null,
    until: targets === undefined ? null : new Date(Math.min(...all.map(({ expires }) => Date.parse(expires)))),
    signedAt: typeof signedAt === 'string' ? new Date(signedAt) : null,
  };
}

/** The four roles of root, and those of branches. */
export function roleFacts(trusted: TrustedMetadata, chain: MetadataChain): RoleFacts[] {
  const { set } = trusted;
  const top = [
    ['root', set.root.signed],
    ['targets', set.targets?.signed],
    ['snapshot', set.snapshot?.signed],
    ['timestamp', set.timestamp?.signed],
  ] as const;
  const facts = top.map(([role, signed]) => factsOf(set.root, role, signed, null));
  const targets = targetsRole(trusted, 'targets');
  if (targets === null) return facts;
  const branches = Object.values(targets.signed.delegations?.roles ?? {}).map(({ name, paths }) => {
    const isKnown = chain.storedRole(trusted, name, 'targets');
    return factsOf(targets, name, isKnown ? targetsRole(trusted, name)?.signed : undefined, paths ?? []);
  });
  return [...facts, ...branches];
}

function factsOf(delegator: Delegator, role: string, signed: Signed | undefined, paths: string[] | null): RoleFacts {
  const signing = signingRole(delegator, role);
  const days = signed?.unrecognizedFields[EXPIRY_DAYS_MEMBER];
  return {
    role,
    threshold: signing?.threshold ?? 0,
    keys: (signing?.keys ?? []).map((key) => ({ id: key.keyID, fingerprint: fingerprintOf(key), name: keyName(key) })),
    version: signed?.version ?? null,
    expires: signed === undefined ? null : new Date(signed.expires),
    expiryDays: typeof days === 'number' ? days : null,
    paths,
  };
}
