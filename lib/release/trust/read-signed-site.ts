/**
 * Reads the signed metadata of a site, and verifies it, before anything is signed on top of it: what was put there by other hands is
 * not signed again. Expiry does not matter here: an expired site is what its owner comes to renew.
 */
import { Metadata, MetadataKind } from '@tufjs/models';
import { join } from 'node:path';
import { sha256Of } from '../../core/digest.ts';
import { UpdateError, mismatch } from '../../core/errors.ts';
import { SIGNED_AT_MEMBER, branchRole, metadataPath } from '../../core/trust/metadata-layout.ts';
import { readIfThere } from '../site/site.ts';
import type { Json } from './metadata-text.ts';
import { documentFacts } from './metadata-text.ts';
import { dated, delegationsOf, documentsIn, isSignedFor, metaFacts, metadataOf, rootOf, timeOf, topRoles } from './metadata-parts.ts';
import type { SignedRoot, SignedSite } from './signed-site.ts';

type RootMetadata = ReturnType<typeof rootOf>;
interface ReadRoot {
  metadata: RootMetadata;
  bytes: Buffer;
}

/**
 * `trusted`: the root that its owner keeps with the keys; the chain of roots goes on from there. Null takes the first root of the site.
 * Throws SITE_INVALID for files that are missing, METADATA_INVALID for what cannot be read, SIGNATURE_INVALID for what is not signed
 * by those who may, METADATA_MISMATCH for parts that do not belong together.
 */
export function readSignedSite(dir: string, trusted: Buffer | null): SignedSite {
  const roots = readRoots(dir, trusted);
  const unsound = new Set<string>();
  let firstAccepting = 0;
  const check = (role: string, metadata: Parameters<RootMetadata['verifyDelegate']>[1]): void => {
    const accepted = roots.findLastIndex((root) => isSignedFor(root.metadata, role, metadata));
    if (accepted === -1) throw notSigned(dir, role);
    if (accepted < roots.length - 1) unsound.add(role);
    firstAccepting = Math.max(firstAccepting, roots.findLastIndex((root) => !isSignedFor(root.metadata, role, metadata)) + 1);
  };
  const timestamp = read(dir, 'timestamp.json', (document) => Metadata.fromJSON(MetadataKind.Timestamp, document));
  check('timestamp', timestamp.metadata);
  const { snapshotMeta } = timestamp.metadata.signed;
  const snapshot = read(dir, `${String(snapshotMeta.version)}.snapshot.json`, (document) => Metadata.fromJSON(MetadataKind.Snapshot, document));
  assertNamed('snapshot.json', snapshot, snapshotMeta);
  check('snapshot', snapshot.metadata);
  const { meta } = snapshot.metadata.signed;
  const targetsMeta = meta['targets.json'];
  if (targetsMeta === undefined) throw new UpdateError('METADATA_INVALID', `the snapshot of '${dir}' does not name 'targets.json'`);
  const targets = readTargets(dir, 'targets', targetsMeta);
  check('targets', targets.metadata);
  const delegations = delegationsOf(targets.metadata.signed);
  return {
    roots: roots.map((root) => signedRoot(root)),
    timestamp: { ...dated(timestamp.metadata.signed, 'timestamp'), signedAt: timeOf(timestamp.metadata.signed.unrecognizedFields[SIGNED_AT_MEMBER]) },
    snapshot: {
      ...dated(snapshot.metadata.signed, 'snapshot'),
      facts: documentFacts(snapshot.bytes),
      meta: new Map(Object.entries(meta).map(([name, file]) => [name, metaFacts(name, file)])),
    },
    targets: { ...dated(targets.metadata.signed, 'targets'), documents: documentsIn(targets.metadata.signed), delegations },
    branches: new Map(
      [...delegations.keys()].flatMap((branch) => {
        const role = branchRole(branch);
        const named = meta[`${role}.json`];
        if (named === undefined) return [];
        const { metadata } = readTargets(dir, role, named);
        // Keys that took over since have signed nothing yet: what the ones before have signed counts no more.
        if (!isSignedFor(targets.metadata, role, metadata)) return [];
        return [[branch, { ...dated(metadata.signed, role), documents: documentsIn(metadata.signed) }] as const];
      }),
    ),
    unsound,
    acceptedSince: (roots[0]?.metadata.signed.version ?? 0) + firstAccepting,
  };
}

/** Verifies that a root is signed by itself, as the first one that is trusted has to be. Throws METADATA_INVALID, SIGNATURE_INVALID. */
function readRoot(bytes: Buffer, what: string): SignedRoot {
  const metadata = rootOf(bytes, what);
  if (!isSignedFor(metadata, 'root', metadata)) throw new UpdateError('SIGNATURE_INVALID', `${what} is not signed by enough of its own keys`);
  return signedRoot({ metadata, bytes });
}

function signedRoot({ metadata: { signed }, bytes }: ReadRoot): SignedRoot {
  return { ...dated(signed, 'root'), bytes, roles: topRoles(signed) };
}

/** The chain of roots, each signed by the keys of the one before and by its own. */
function readRoots(dir: string, trusted: Buffer | null): ReadRoot[] {
  const first = trusted ?? readIfThere(join(dir, metadataPath('1.root.json'))) ?? readIfThere(join(dir, metadataPath('root.json')));
  if (first === null) throw missing(dir, 'root.json');
  readRoot(first, trusted === null ? `'${join(dir, metadataPath('1.root.json'))}'` : 'the root of trust beside the keys');
  const roots: ReadRoot[] = [{ metadata: rootOf(first, 'the root'), bytes: first }];
  for (let last = roots[0]; last !== undefined;) {
    const version = last.metadata.signed.version + 1;
    const path = join(dir, metadataPath(`${String(version)}.root.json`));
    const bytes = readIfThere(path);
    if (bytes === null) break;
    const metadata = rootOf(bytes, `'${path}'`);
    if (metadata.signed.version !== version || !isSignedFor(last.metadata, 'root', metadata) || !isSignedFor(metadata, 'root', metadata)) {
      throw notSigned(dir, `${String(version)}.root`);
    }
    last = { metadata, bytes };
    roots.push(last);
  }
  assertOurs(dir, trusted, roots);
  return roots;
}

/** A site whose roots are others than the one beside the keys is not the site of these keys, or was changed by other hands. */
function assertOurs(dir: string, trusted: Buffer | null, roots: readonly ReadRoot[]): void {
  if (trusted === null) return;
  const version = roots[0]?.metadata.signed.version ?? 0;
  const there = readIfThere(join(dir, metadataPath(`${String(version)}.root.json`)));
  if (there?.equals(trusted) === true) return;
  throw new UpdateError(
    'SIGNATURE_INVALID',
    `the site '${dir}' has another root of trust (version ${String(version)}) than the one beside the keys`,
    {
      hint: 'these are the keys of another site, or the site was changed by other hands: compare with what is published before you sign anything',
    },
  );
}

function readTargets(dir: string, role: string, named: { version: number; verify: (bytes: Buffer) => void }) {
  const file = read(dir, `${String(named.version)}.${role}.json`, (document) => Metadata.fromJSON(MetadataKind.Targets, document));
  assertNamed(`${role}.json`, file, named);
  return file;
}

function read<T>(dir: string, name: string, parse: (document: Json) => T): { metadata: T; bytes: Buffer } {
  const path = join(dir, metadataPath(name));
  const bytes = readIfThere(path);
  if (bytes === null) throw missing(dir, name);
  return { metadata: metadataOf(bytes, `'${path}'`, parse), bytes };
}

function assertNamed(
  name: string,
  { metadata, bytes }: { metadata: { signed: { version: number } }; bytes: Buffer },
  named: { version: number; verify: (bytes: Buffer) => void },
): void {
  try {
    named.verify(bytes);
  } catch (error) {
    throw new UpdateError(
      'METADATA_MISMATCH',
      `'${name}' is not the one that is named: it has ${String(bytes.length)} bytes, sha256 ${sha256Of(bytes)}`,
      {
        cause: error,
      },
    );
  }
  if (metadata.signed.version !== named.version)
    throw new UpdateError('METADATA_MISMATCH', mismatch(`version of '${name}'`, named.version, metadata.signed.version));
}

function missing(dir: string, name: string): UpdateError {
  return new UpdateError('SITE_INVALID', `'${join(dir, metadataPath(name))}' is missing: the signed metadata of the site is not complete`, {
    hint: `take over what is published with: pikit-release init --from … --site NEW`,
  });
}

function notSigned(dir: string, role: string): UpdateError {
  return new UpdateError('SIGNATURE_INVALID', `'${role}.json' of the site '${dir}' is not signed by enough of the keys that may sign it`, {
    hint: 'other hands may have changed the site: compare it with what is published, and take that over with: pikit-release init --from … --site NEW',
  });
}
