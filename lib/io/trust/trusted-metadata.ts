/**
 * Metadata that is trusted, one step after the other: what is given is vetted (lib/core/trust/metadata-shape.ts), verified by
 * tuf-js's TrustedMetadataStore, and refused with a code and both values.
 *
 * That store takes the time of its making as the reference time, and has it in a private member: it is set here, since a device
 * without a clock of its own goes by the newest time that it has trusted. test/unit/io/trust/trusted-metadata.test.ts fails when a
 * version of tuf-js has it elsewhere.
 */
import type { MetaFile, Metadata, Targets } from '@tufjs/models';
import { LengthOrHashMismatchError } from '@tufjs/models/dist/error.js';
import { BadVersionError, EqualVersionError, ExpiredMetadataError } from 'tuf-js/dist/error.js';
import { TrustedMetadataStore } from 'tuf-js/dist/store.js';
import type { UpdateError } from '../../core/errors.ts';
import { UpdateError as KnownError } from '../../core/errors.ts';
import { sha256Of } from '../../core/digest.ts';
import { quotable } from '../../core/release/release-path.ts';
import { METADATA_MAX_BYTES } from '../../core/trust/metadata-layout.ts';
import type { MetadataFacts, MetadataKind, MetadataProfile } from '../../core/trust/metadata-shape.ts';
import { vetMetadata } from '../../core/trust/metadata-shape.ts';
import { metadataError, utcTime, withTrustHint } from './metadata-errors.ts';
import { signatureProblem } from './signature-problem.ts';

export interface TrustedMetadata {
  set: TrustedMetadataStore;
  now: Date;
  profile: MetadataProfile;
  /** When a whole chain was good last, for the message of what has expired; null when it is not known. */
  lastGood: Date | null;
}

/** Begins with the root that the owner trusts, expired or not. Throws TRUST_INVALID when it is no root. */
export function trustRoot(bytes: Buffer, options: Omit<TrustedMetadata, 'set'>): TrustedMetadata {
  try {
    vetMetadata(bytes, { name: 'root.json', kind: 'root', role: 'root', profile: options.profile, maxBytes: METADATA_MAX_BYTES.root });
    const set = new TrustedMetadataStore(bytes);
    Reflect.set(set, 'referenceTime', options.now);
    return { ...options, set };
  } catch (error) {
    const why = error instanceof KnownError ? error.message : 'it is not signed by enough of its own keys';
    throw metadataError('TRUST_INVALID', `the trusted root of this device is no root: ${why}`, error);
  }
}

/** The next root: signed by the keys of the one before and by its own. */
export function trustNextRoot(trusted: TrustedMetadata, bytes: Buffer, name: string): void {
  const before = trusted.set.root;
  const facts = vet(trusted, bytes, { name, kind: 'root', role: 'root' });
  checked(
    () => trusted.set.updateRoot(bytes),
    (error) => {
      if (error instanceof BadVersionError) {
        const message = `'${name}' is version ${String(facts.version)}, and the root after version ${String(before.signed.version)} is wanted`;
        return metadataError(facts.version <= before.signed.version ? 'METADATA_ROLLBACK' : 'METADATA_MISMATCH', message, error);
      }
      return signatureProblem(bytes, { name, kind: 'root', role: 'root' }, before, error);
    },
  );
}

/** `same`: it has the version that is trusted already, which stays. */
export function trustTimestamp(trusted: TrustedMetadata, bytes: Buffer): 'new' | 'same' {
  const name = 'timestamp.json';
  const before = trusted.set.timestamp?.signed;
  const { root } = trusted.set;
  const facts = vet(trusted, bytes, { name, kind: 'timestamp', role: 'timestamp' });
  return checked(
    () => {
      try {
        trusted.set.updateTimestamp(bytes);
        return 'new' as const;
      } catch (error) {
        if (error instanceof EqualVersionError) return 'same' as const;
        throw error;
      }
    },
    (error) => {
      if (error instanceof ExpiredMetadataError) {
        const isRoot = root.signed.isExpired(trusted.now);
        return isRoot
          ? expired(trusted, 'root', `${String(root.signed.version)}.root.json`, {
              version: root.signed.version,
              expires: new Date(root.signed.expires),
            })
          : expired(trusted, 'timestamp', name, facts);
      }
      if (error instanceof BadVersionError && before !== undefined) {
        const isOlder = facts.version < before.version;
        const message = isOlder
          ? `'${name}' is version ${String(facts.version)}, and this device has trusted version ${String(before.version)} already`
          : `'${name}' version ${String(facts.version)} names an older snapshot than version ${String(before.snapshotMeta.version)}, which this device has trusted already`;
        return metadataError('METADATA_ROLLBACK', message, error);
      }
      return signatureProblem(bytes, { name, kind: 'timestamp', role: 'timestamp' }, root, error);
    },
  );
}

/** `stored`: it was verified when it came, so its digest is not compared with that of a newer timestamp. */
export function trustSnapshot(trusted: TrustedMetadata, bytes: Buffer, name: string, { stored = false } = {}): void {
  const { root, timestamp, snapshot: before } = trusted.set;
  const named = timestamp?.signed.snapshotMeta;
  const by = `'timestamp.json' version ${String(timestamp?.signed.version)}`;
  const facts = vet(trusted, bytes, { name, kind: 'snapshot', role: 'snapshot' });
  checked(
    () => trusted.set.updateSnapshot(bytes, stored),
    (error) => {
      if (error instanceof ExpiredMetadataError) return expiredOf(trusted, 'snapshot', name, facts);
      if (error instanceof LengthOrHashMismatchError) return notNamed(name, bytes, named, by, error);
      const problem = signatureProblem(bytes, { name, kind: 'snapshot', role: 'snapshot' }, root, error);
      if (problem.code === 'SIGNATURE_INVALID') return problem;
      for (const [file, known] of Object.entries(before?.signed.meta ?? {})) {
        const now = metaOf(bytes, file);
        if (now === null || now < known.version) {
          const has = now === null ? 'does not name' : `names version ${String(now)} of`;
          const message = `'${name}' ${has} '${quotable(file)}', of which this device has trusted version ${String(known.version)} already`;
          return metadataError('METADATA_ROLLBACK', message, error);
        }
      }
      if (!(error instanceof BadVersionError)) return problem;
      return metadataError(
        'METADATA_MISMATCH',
        `'${name}' is version ${String(facts.version)}, and ${by} names version ${String(named?.version)}`,
        error,
      );
    },
  );
}

/** `targets`, or a delegated role, whose delegator is the one that is trusted now. */
export function trustTargets(
  trusted: TrustedMetadata,
  bytes: Buffer,
  { name, role, delegator }: { name: string; role: string; delegator: string },
): void {
  const named = trusted.set.snapshot?.signed.meta[`${role}.json`];
  const by = `the snapshot version ${String(trusted.set.snapshot?.signed.version)}`;
  const from = delegator === 'root' ? trusted.set.root : trusted.set.getRole(delegator);
  const facts = vet(trusted, bytes, { name, kind: 'targets', role });
  checked(
    () => {
      trusted.set.updateDelegatedTargets(bytes, role, delegator);
    },
    (error) => {
      if (error instanceof ExpiredMetadataError) return expiredOf(trusted, role, name, facts);
      if (error instanceof LengthOrHashMismatchError) return notNamed(name, bytes, named, by, error);
      if (error instanceof BadVersionError)
        return metadataError(
          'METADATA_MISMATCH',
          `'${name}' is version ${String(facts.version)}, and ${by} names version ${String(named?.version)}`,
          error,
        );
      if (named === undefined)
        return metadataError('METADATA_MISMATCH', `${by} does not name '${quotable(role)}.json', which '${quotable(delegator)}' delegates to`, error);
      return signatureProblem(bytes, { name, kind: 'targets', role }, from, error);
    },
  );
}

/** The metadata of `targets` or of a delegated role that is trusted. */
export function targetsRole(trusted: TrustedMetadata, role: string): Metadata<Targets> | null {
  return trusted.set.getRole(role) ?? null;
}

function vet({ profile }: TrustedMetadata, bytes: Buffer, asked: { name: string; kind: MetadataKind; role: string }): MetadataFacts {
  try {
    return vetMetadata(bytes, { ...asked, profile, maxBytes: METADATA_MAX_BYTES[asked.kind] });
  } catch (error) {
    throw withTrustHint(error);
  }
}

/** What tuf-js refuses, as an error of ours; its own has no code and no values. */
function checked<T>(act: () => T, explain: (error: unknown) => UpdateError): T {
  try {
    return act();
  } catch (error) {
    throw explain(error);
  }
}

/** A snapshot or targets may be refused for what is above them: the timestamp or the snapshot has expired. */
function expiredOf(trusted: TrustedMetadata, role: string, name: string, facts: MetadataFacts): UpdateError {
  const above = [
    { role: 'timestamp', name: 'timestamp.json', signed: trusted.set.timestamp?.signed },
    { role: 'snapshot', name: 'snapshot.json', signed: role === 'snapshot' ? undefined : trusted.set.snapshot?.signed },
  ].find(({ signed }) => signed?.isExpired(trusted.now) === true);
  if (above?.signed === undefined) return expired(trusted, role, name, facts);
  return expired(trusted, above.role, above.name, { version: above.signed.version, expires: new Date(above.signed.expires) });
}

function expired({ now, lastGood }: TrustedMetadata, role: string, name: string, { version, expires }: MetadataFacts): UpdateError {
  const good = utcTime(lastGood !== null && lastGood < expires ? lastGood : expires);
  return metadataError(
    'METADATA_EXPIRED',
    `'${name}' (role ${quotable(role)}, version ${String(version)}) was valid until ${utcTime(expires)}, and it is ${utcTime(now)} now: the source is stale, last known good on ${good}`,
  );
}

function notNamed(name: string, bytes: Buffer, named: MetaFile | undefined, by: string, cause: unknown): UpdateError {
  const isLength = named?.length !== undefined && named.length !== bytes.length;
  const values = isLength
    ? `it has ${String(bytes.length)} bytes, and ${String(named.length)} are named`
    : `its sha256 is ${sha256Of(bytes).slice(0, 12)}…, and ${(named?.hashes?.['sha256'] ?? 'another one').slice(0, 12)}… is named`;
  return metadataError('METADATA_MISMATCH', `'${name}' is not the file that ${by} names: ${values}`, cause);
}

/** The version of a file in a snapshot that was refused. */
function metaOf(bytes: Buffer, file: string): number | null {
  const value: unknown = JSON.parse(bytes.toString());
  const version: unknown = ['signed', 'meta', file, 'version'].reduce<unknown>(
    (at, member) => (typeof at === 'object' && at !== null && Object.hasOwn(at, member) ? Reflect.get(at, member) : undefined),
    value,
  );
  return typeof version === 'number' ? version : null;
}
