/**
 * Refuses to publish signed metadata over what is newer, or was signed apart: devices would refuse it for ever, or lose what they have
 * seen. One rule for folders and repositories, which differ in how they are read.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import type { MetadataVersions } from '../../core/trust/metadata-facts.ts';
import { firstBehind, rootFacts, snapshotFacts, targetsFacts, timestampFacts } from '../../core/trust/metadata-facts.ts';
import { METADATA_FOLDER, metadataPath } from '../../core/trust/metadata-layout.ts';
import { isSigned, readIfThere } from '../site/site.ts';
import { readSignedSite } from '../trust/read-signed-site.ts';
import { wayOutOfSigned } from './published-list.ts';

/** What a place has of `tuf/`: a file by its name there, or null. */
type ReadMetadata = (name: string) => Buffer | null;

const ROOT = /^(\d{1,9})\.root\.json$/;

/** The name of the snapshot that a timestamp leads to; null where nothing can be read. */
export function snapshotNameOf(timestamp: Buffer | null): string | null {
  const facts = orNull(timestamp, timestampFacts);
  return facts === null ? null : `${String(facts.snapshot)}.snapshot.json`;
}

/** The versions that devices find; 0 where they find nothing that can be read. A root is found by its number, which is in `names`. */
export function versionsThere(names: readonly string[], timestamp: Buffer | null, snapshot: Buffer | null): MetadataVersions {
  const facts = orNull(timestamp, timestampFacts);
  return {
    root: Math.max(0, ...names.map((name) => Number(ROOT.exec(name)?.[1] ?? 0))),
    timestamp: facts?.version ?? 0,
    snapshot: facts?.snapshot ?? 0,
    roles: orNull(snapshot, snapshotFacts)?.roles ?? new Map<string, number>(),
  };
}

/** The names of what assertMetadataNotBehind compares byte by byte. */
export function comparedNames({ root, snapshot, roles }: MetadataVersions): string[] {
  const roots = Array.from({ length: root }, (_, index): [string, number] => ['root', index + 1]);
  return [...roots, ...roles, ['snapshot', snapshot] as const].map(([role, version]) => `${String(version)}.${role}.json`);
}

/**
 * Compares a site with a place where another timestamp is published. Throws SIGNATURE_INVALID when the place is signed by another chain
 * of roots, VERSION_NOT_NEWER when something there is newer than the site, or was signed apart from it. Metadata there that devices
 * cannot read stops nothing.
 */
export function assertMetadataNotBehind(
  ours: { versions: MetadataVersions; read: ReadMetadata },
  theirs: { versions: MetadataVersions; read: ReadMetadata },
  to: string,
): void {
  const others = comparedNames(theirs.versions).filter((name) => isOther(name, ours.read(name), theirs.read(name)));
  const root = others.find((name) => ROOT.test(name));
  if (root !== undefined) {
    throw new UpdateError('SIGNATURE_INVALID', `'${to}' has another '${metadataPath(root)}' than this site: it is signed by other keys`, {
      hint: `devices that trust what is there would refuse this site: publish it to another place, or go on with what is there; ${wayOutOfSigned(to)}`,
    });
  }
  const behind = firstBehind(ours.versions, theirs.versions);
  if (behind !== null) {
    const mine = behind.ours === 0 ? 'does not have it' : `has version ${String(behind.ours)}`;
    throw notNewer(to, `'${to}' has '${behind.path}' in version ${String(behind.theirs)}, and this site ${mine}`);
  }
  const { timestamp } = theirs.versions;
  const apart = timestamp > 0 && timestamp === ours.versions.timestamp ? 'timestamp.json' : others[0];
  if (apart === undefined) return;
  const version = apart === 'timestamp.json' ? String(timestamp) : apart.replace(/\..*/, '');
  throw notNewer(to, `'${to}' has another '${metadataPath(apart)}' than this site under the same version ${version}: both were signed apart`);
}

/** The same for a folder. A site without signatures does not belong where there are some: SITE_INVALID. */
export function assertFolderNotBehind(site: string, to: string): void {
  if (!isSigned(to)) return;
  if (!isSigned(site)) {
    throw new UpdateError('SITE_INVALID', `'${to}' is a signed site: unsigned releases do not belong there`, { hint: 'publish to another folder' });
  }
  const [ours, theirs] = [metadataIn(site), metadataIn(to)];
  if (theirs.read('timestamp.json')?.equals(ours.read('timestamp.json') ?? Buffer.alloc(0)) === true) return;
  assertMetadataNotBehind(ours, theirs, to);
}

/** The newest root that devices find in a folder; 0 where there is none. */
export function rootThere(dir: string): number {
  return isSigned(dir) ? metadataIn(dir).versions.root : 0;
}

/** Whether a device that has this root accepts what a site has now, with each of the roots that lead from there to the newest. */
export function isAcceptedBy(root: number, site: string): boolean {
  try {
    return readSignedSite(site, null).acceptedSince <= root;
  } catch (error) {
    // Safe to ignore: `verify` says what is wrong with it.
    if (error instanceof UpdateError) return false;
    throw error;
  }
}

function metadataIn(dir: string): { versions: MetadataVersions; read: ReadMetadata } {
  const read: ReadMetadata = (name) => readIfThere(join(dir, metadataPath(name)));
  const timestamp = read('timestamp.json');
  const snapshot = snapshotNameOf(timestamp);
  return { read, versions: versionsThere(fs.readdirSync(join(dir, METADATA_FOLDER)), timestamp, snapshot === null ? null : read(snapshot)) };
}

/** What the site has not kept is known by its later versions only; what cannot be read there is nothing to devices. */
function isOther(name: string, ours: Buffer | null, theirs: Buffer | null): boolean {
  if (ours === null || theirs === null || ours.equals(theirs)) return false;
  const facts = ROOT.test(name) ? rootFacts : name.endsWith('.snapshot.json') ? snapshotFacts : targetsFacts;
  return orNull<{ version: number }>(theirs, facts) !== null;
}

function notNewer(to: string, message: string): UpdateError {
  return new UpdateError('VERSION_NOT_NEWER', message, { hint: wayOutOfSigned(to) });
}

/** What cannot be read is nothing to devices either. */
function orNull<T>(bytes: Buffer | null, facts: (bytes: Buffer, where: string) => T): T | null {
  try {
    return bytes === null ? null : facts(bytes, 'what is published');
  } catch (error) {
    if (error instanceof UpdateError && error.code === 'METADATA_INVALID') return null;
    throw error;
  }
}
