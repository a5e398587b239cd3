/** From the path of a target to the role that may name it (TUF 5.6.7): the first one that does, depth first, in the order of its delegator. */
import type { TargetFile } from '@tufjs/models';
import { quotable } from '../../core/release/release-path.ts';
import { GZIP_MEMBER, MAX_DELEGATIONS } from '../../core/trust/metadata-layout.ts';
import type { SignedBy } from '../../core/trust/trust-state.ts';
import type { MetadataChain } from './metadata-chain.ts';
import { metadataError } from './metadata-errors.ts';
import type { TrustedTarget } from './metadata-types.ts';
import { countedKeys, fingerprintOf, keyName, signingRole } from './signers.ts';
import type { TrustedMetadata } from './trusted-metadata.ts';
import { targetsRole } from './trusted-metadata.ts';

interface Step {
  role: string;
  delegator: string;
  /** The roles above it, `targets` first. */
  above: readonly string[];
}

/**
 * Null when no role that may name the path does. Each role on the way is verified against its delegator as it is now, also one that
 * was verified for another path before. Throws the code of what is wrong with a role on the way: the search ends there, since the
 * role might be the one that has a say.
 */
export async function findTarget(trusted: TrustedMetadata, path: string, chain: MetadataChain): Promise<TrustedTarget | null> {
  const visited = new Set<string>();
  const next: Step[] = [{ role: 'targets', delegator: 'root', above: [] }];
  for (let step = next.pop(); step !== undefined; step = next.pop()) {
    const { role, delegator, above } = step;
    if (visited.has(role)) continue;
    if (visited.size > MAX_DELEGATIONS) return null;
    visited.add(role);
    if (role !== 'targets') await chain.role(trusted, role, delegator);
    const metadata = targetsRole(trusted, role);
    if (metadata === null) return null;
    const { targets, delegations } = metadata.signed;
    const target = Object.hasOwn(targets, path) ? targets[path] : undefined;
    if (target !== undefined) return trustedTarget(trusted, target, step);
    const children: Step[] = [];
    for (const { role: child, terminating } of delegations?.rolesForTarget(path) ?? []) {
      children.push({ role: child, delegator: role, above: [...above, role] });
      if (!terminating) continue;
      next.length = 0;
      break;
    }
    next.push(...children.reverse());
  }
  return null;
}

function trustedTarget(trusted: TrustedMetadata, target: TargetFile, step: Step): TrustedTarget {
  const sha256 = target.hashes['sha256'];
  if (sha256 === undefined) throw metadataError('METADATA_INVALID', `'${step.role}' names '${quotable(target.path)}' without its sha256`);
  const isGzipped = target.custom[GZIP_MEMBER] === true;
  return { path: target.path, length: target.length, sha256, isGzipped, signedBy: signedBy(trusted, step) };
}

function signedBy(trusted: TrustedMetadata, { role, delegator, above }: Step): SignedBy {
  const { root, timestamp, snapshot } = trusted.set;
  const metadata = targetsRole(trusted, role);
  const from = delegator === 'root' ? root : targetsRole(trusted, delegator);
  const signing = from === null ? null : signingRole(from, role);
  const keys = metadata === null || signing === null ? [] : countedKeys(signing, metadata);
  const ends = [root, timestamp, snapshot, ...[...above, role].map((name) => targetsRole(trusted, name))];
  return {
    role,
    keys: keys.map((key) => ({ fingerprint: fingerprintOf(key), name: keyName(key) })),
    until: new Date(Math.min(...ends.flatMap((end) => (end ? [Date.parse(end.signed.expires)] : [])))).toISOString(),
  };
}
