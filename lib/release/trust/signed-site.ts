/**
 * What the signed metadata of a site says, as plain data: who may sign what, which documents are signed with which digest, and the
 * versions that the next metadata goes on from. read-signed-site.ts makes it from the files, plan-metadata.ts makes files of it.
 */
import { STABLE } from '../../core/release/branches.ts';
import { releasesBranch } from '../../core/release/site-layout.ts';
import { branchRole } from '../../core/trust/metadata-layout.ts';
import type { PublicKey } from '../keys/public-key.ts';

/** Who may sign for a role, and how many of them have to. */
export interface RoleKeys {
  threshold: number;
  keys: readonly PublicKey[];
}

export const TOP_ROLES = ['root', 'targets', 'snapshot', 'timestamp'] as const;
export type TopRole = (typeof TOP_ROLES)[number];
export type TopRoles = Readonly<Record<TopRole, RoleKeys>>;

/** What all metadata has. `days`: the period with which it is renewed. */
export interface Dated {
  version: number;
  days: number;
  expires: Date;
}

export interface SignedRoot extends Dated {
  roles: TopRoles;
  bytes: Buffer;
}

export interface DocumentFacts {
  length: number;
  sha256: string;
}
/** `isGzipped`: its copy is there in gzip as well. */
export type SignedDocument = DocumentFacts & { isGzipped: boolean };
export type SignedDocuments = ReadonlyMap<string, SignedDocument>;

export interface SignedSite {
  /** Oldest first, from the one that was trusted; the last one counts. */
  roots: readonly SignedRoot[];
  timestamp: Dated & { signedAt: Date | null };
  /** `facts` are of its file; `meta` is what it says of the others, by name without version. */
  snapshot: Dated & { facts: DocumentFacts; meta: ReadonlyMap<string, DocumentFacts & { version: number }> };
  targets: Dated & { documents: SignedDocuments; delegations: ReadonlyMap<string, RoleKeys> };
  /** By branch; a delegation that has signed nothing yet has none here. */
  branches: ReadonlyMap<string, Dated & { documents: SignedDocuments }>;
  /** Roles whose metadata the newest root does not accept: a change of keys was cut short. They have to be signed anew. */
  unsound: ReadonlySet<string>;
  /** The oldest root from which on every one accepts timestamp, snapshot and targets as they are; one more than the newest where that does not. */
  acceptedSince: number;
}

/** The period of each role, in days, where its owner has said nothing else: made for one person. */
export function defaultDays(role: string): number {
  if (role === 'root') return 5 * 365;
  if (role === 'targets') return 2 * 365;
  return 365;
}

/** The branch that a document belongs to; null for the list of branches. */
export function branchOfDocument(name: string): string | null {
  const match = /^manifest(?:_([a-z0-9_]{1,64}))?\.json$/.exec(name);
  return match === null ? releasesBranch(name) : (match[1] ?? STABLE);
}

/** The role that signs a document. */
export function roleOfDocument(name: string, delegations: ReadonlyMap<string, unknown>): string {
  const branch = branchOfDocument(name);
  return branch !== null && delegations.has(branch) ? branchRole(branch) : 'targets';
}

/** The branch whose role this is, or null. */
export function branchOfRole(role: string): string | null {
  return role.startsWith(branchRole('')) ? role.slice(branchRole('').length) : null;
}

/** The root that counts. */
export function newestRoot({ roots }: Pick<SignedSite, 'roots'>): SignedRoot {
  const newest = roots.at(-1);
  if (newest === undefined) throw new RangeError('a signed site has a root');
  return newest;
}

/** Who may sign for a role; null for a role that is not there. */
export function keysOfRole(site: Pick<SignedSite, 'roots' | 'targets'>, role: string): RoleKeys | null {
  const branch = branchOfRole(role);
  if (branch !== null) return site.targets.delegations.get(branch) ?? null;
  const top = TOP_ROLES.find((name) => name === role);
  return top === undefined ? null : newestRoot(site).roles[top];
}
