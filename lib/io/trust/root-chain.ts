/** Roots, from the one that the owner trusts to the newest: each is signed by the keys of the one before (TUF 5.3). */
import type { Root } from '@tufjs/models';
import { UpdateError } from '../../core/errors.ts';
import { METADATA_MAX_BYTES } from '../../core/trust/metadata-layout.ts';
import type { MetadataStore } from './metadata-store.ts';
import type { TrustedMetadata } from './trusted-metadata.ts';
import { trustNextRoot } from './trusted-metadata.ts';

/** A root that was proven, as it came. */
export interface ProvenRoot {
  signed: Root;
  bytes: Buffer;
}

/** Whether a stored file is there and counts. What does not is asked for anew; errors other than ours are defects, and thrown. */
export function isTrusted(store: MetadataStore, name: string, maxBytes: number, trust: (bytes: Buffer) => void): boolean {
  const bytes = store.read(name, maxBytes);
  if (bytes === null) return false;
  try {
    trust(bytes);
    return true;
  } catch (error) {
    if (error instanceof UpdateError) return false;
    throw error;
  }
}

/**
 * Trusts the newest root that stored ones prove, and returns all on the way, the initial one first. `root.json` stands in for a file
 * of its version that is missing or damaged.
 */
export function loadRoots(trusted: TrustedMetadata, initialRoot: Buffer, store: MetadataStore): ProvenRoot[] {
  const roots: ProvenRoot[] = [{ signed: trusted.set.root.signed, bytes: initialRoot }];
  const isNext = (name: string): boolean =>
    isTrusted(store, name, METADATA_MAX_BYTES.root, (bytes) => {
      trustNextRoot(trusted, bytes, name);
      roots.push({ signed: trusted.set.root.signed, bytes });
    });
  while (isNext(rootName(trusted.set.root.signed.version + 1)) || isNext('root.json'));
  return roots;
}

/** `4.root.json` */
export function rootName(version: number): string {
  return `${String(version)}.root.json`;
}

/** The version of the stored `root.json`, if it is one of the proven roots. */
export function settledVersion(roots: readonly ProvenRoot[], store: MetadataStore): number | null {
  const stored = store.read('root.json', METADATA_MAX_BYTES.root);
  return stored === null ? null : (roots.find(({ bytes }) => bytes.equals(stored))?.signed.version ?? null);
}

/** Whether a root after `version` takes a key away from timestamp or snapshot: then no version that was seen before says anything (5.3.11). */
export function hasLostKeys(roots: readonly ProvenRoot[], version: number): boolean {
  const since = roots.map(({ signed }) => signed).filter((root) => root.version >= version);
  return since.some((root, at) => {
    const next = since[at + 1];
    return next !== undefined && ['timestamp', 'snapshot'].some((role) => keysOf(root, role).some((key) => !keysOf(next, role).includes(key)));
  });
}

function keysOf({ roles, keys }: Root, role: string): string[] {
  return (roles[role]?.keyIDs ?? []).map((id) => keys[id]?.keyVal['public'] ?? id);
}
