/**
 * From what is to be signed to the files of `tuf/`, all in memory: whatever is missing for that is known before anything is written.
 * The order of the answer is the order of writing, and what keeps a live site right: first what others name (copies of documents,
 * then the metadata of branches, targets, the snapshot), the timestamp that makes it count last. The files before it have names of their
 * own, so wherever this ends, devices find the old timestamp with all that it names, or the new one with all that it names.
 * A new root counts from the moment that it is there. Metadata that has to be signed by other keys from then on is signed by those before and by
 * those after, and the root goes last: devices of both find what they accept. Where a key from before cannot sign any more, the root
 * goes first, and devices wait for the few files that follow.
 */
import { METADATA_FOLDER, branchRole, metadataPath } from '../../core/trust/metadata-layout.ts';
import { copiesOf, isGzipped } from './metadata-files.ts';
import type { Issue, Json, MetadataFile } from './metadata-text.ts';
import { documentFacts, rootPart, signedBytes, snapshotPart, targetsPart, timestampPart, versionedFile } from './metadata-text.ts';
import type { Signing } from './sign-role.ts';
import { isAtHand, signerFor } from './sign-role.ts';
import type { Dated, DocumentFacts, RoleKeys, SignedDocument, SignedDocuments, SignedSite, TopRole, TopRoles } from './signed-site.ts';
import { defaultDays, keysOfRole, newestRoot, roleOfDocument, TOP_ROLES } from './signed-site.ts';

export interface Wish {
  /** Documents that change, by name; null for one that is no more. Others stay as they are signed, whatever their files say. */
  documents?: ReadonlyMap<string, Buffer | null>;
  /** Branches that get keys of their own, get others, or lose them (null). */
  delegations?: ReadonlyMap<string, RoleKeys | null>;
  /** A root that is signed already, by enough of the keys of both. */
  root?: { version: number; roles: TopRoles; bytes: Buffer };
  /** Roles that are signed anew although nothing changed. */
  renew?: ReadonlySet<string>;
  /** New periods, by role. */
  days?: ReadonlyMap<string, number>;
}

/** The files to write, in order; where nothing changes, the newest root alone. Throws KEY_MISSING, KEY_INVALID. */
export function planMetadata(site: SignedSite, wish: Wish, signing: Signing): MetadataFile[] {
  const plan = new Plan(site, wish, signing);
  return plan.files();
}

class Plan {
  readonly #site: SignedSite;
  readonly #wish: Wish;
  readonly #signing: Signing;
  readonly #before: TopRoles;
  readonly #roles: TopRoles;
  /** Of the documents that change; null for one that is no more. */
  readonly #changed: ReadonlyMap<string, SignedDocument | null>;
  /** By name without version: what the snapshot will say. */
  readonly #meta: Map<string, DocumentFacts & { version: number }>;
  /** Whether everything that is signed anew is signed by keys of the old root as well. */
  #isForBoth = true;

  constructor(site: SignedSite, wish: Wish, signing: Signing) {
    this.#site = site;
    this.#wish = wish;
    this.#signing = signing;
    this.#before = newestRoot(site).roles;
    this.#roles = wish.root?.roles ?? this.#before;
    this.#meta = new Map(site.snapshot.meta);
    this.#changed = new Map(
      [...(wish.documents ?? [])].map(([name, bytes]) => [name, bytes === null ? null : { ...documentFacts(bytes), isGzipped: isGzipped(bytes) }]),
    );
  }

  files(): MetadataFile[] {
    const copies = this.#copies();
    const roles = [...this.#branches(), ...this.#targets()];
    const snapshot = this.#snapshot(roles.length > 0);
    const timestamp = this.#timestamp(snapshot[0]?.bytes ?? null);
    const root = this.#root();
    const rest = [...copies, ...roles, ...snapshot];
    return this.#isForBoth ? [...rest, ...timestamp, ...root] : [...root, ...rest, ...timestamp];
  }

  #copies(): MetadataFile[] {
    return [...(this.#wish.documents ?? [])].flatMap(([name, bytes]) =>
      bytes === null ? [] : copiesOf(name, bytes, this.#changed.get(name)?.isGzipped === true),
    );
  }

  #delegations(): ReadonlyMap<string, RoleKeys> {
    const delegations = new Map(this.#site.targets.delegations);
    for (const [branch, keys] of this.#wish.delegations ?? []) {
      if (keys === null) delegations.delete(branch);
      else delegations.set(branch, keys);
    }
    return delegations;
  }

  /** The documents of a role after the change: those of a branch go along with it when it gets keys of its own, or loses them. */
  #documentsOf(role: string): SignedDocuments {
    const delegations = this.#delegations();
    const { targets, branches } = this.#site;
    const documents = new Map([...targets.documents, ...[...branches.values()].flatMap((branch) => [...branch.documents])]);
    for (const [name, document] of this.#changed) {
      if (document === null) documents.delete(name);
      else documents.set(name, document);
    }
    return new Map([...documents].filter(([name]) => roleOfDocument(name, delegations) === role));
  }

  #branches(): MetadataFile[] {
    return [...this.#delegations()].flatMap(([branch, keys]) => {
      const role = branchRole(branch);
      const now = this.#site.branches.get(branch) ?? null;
      const documents = this.#documentsOf(role);
      const hasNewKeys = !sameKeys(keys, this.#site.targets.delegations.get(branch));
      const isFirst = now === null && documents.size === 0 && !this.#isRenewed(role);
      // Without its key, a branch waits for its first release; until then devices that follow it have no list to look into.
      if (isFirst && !isAtHand(this.#signing.ring, keys)) return [];
      const isSame = now !== null && !hasNewKeys && sameDocuments(documents, now.documents) && !this.#isRenewed(role);
      if (isSame) return [];
      // What is signed by keys that are not here is signed by who has them, with the next release.
      if (hasNewKeys && !this.#isNeeded(role) && !isAtHand(this.#signing.ring, keys)) return [];
      return [this.#versioned(role, now, (issue) => targetsPart(issue, documents, new Map()), [keys])];
    });
  }

  /** Whether a role of a branch has documents to sign in this run, and not only new keys. */
  #isNeeded(role: string): boolean {
    const delegations = this.#delegations();
    return [...(this.#wish.documents ?? [])].some(([name, bytes]) => bytes !== null && roleOfDocument(name, delegations) === role);
  }

  #targets(): MetadataFile[] {
    const { targets } = this.#site;
    const documents = this.#documentsOf('targets');
    const isSame = sameDocuments(documents, targets.documents) && sameDelegations(this.#delegations(), targets.delegations);
    if (isSame && !this.#isRenewed('targets')) return [];
    return [this.#versioned('targets', targets, (issue) => targetsPart(issue, documents, this.#delegations()), [this.#roles.targets])];
  }

  #versioned(role: string, now: Dated | null, part: (issue: Issue) => Json, needed: readonly RoleKeys[]): MetadataFile {
    // A branch that had keys before goes on from the version that devices have seen.
    const version = Math.max(now?.version ?? 0, this.#site.snapshot.meta.get(`${role}.json`)?.version ?? 0) + 1;
    const bytes = this.#signed(role, part(this.#issue(role, version, now)), needed);
    this.#meta.set(`${role}.json`, { version, ...documentFacts(bytes) });
    return versionedFile(role, version, bytes);
  }

  #snapshot(isNeeded: boolean): MetadataFile[] {
    if (!isNeeded && !this.#isRenewed('snapshot')) return [];
    const { snapshot } = this.#site;
    const issue = this.#issue('snapshot', snapshot.version + 1, snapshot);
    return [versionedFile('snapshot', issue.version, this.#signed('snapshot', snapshotPart(issue, this.#meta), [this.#roles.snapshot]))];
  }

  #timestamp(snapshot: Buffer | null): MetadataFile[] {
    if (snapshot === null && !this.#isRenewed('timestamp')) return [];
    const { timestamp } = this.#site;
    const issue = this.#issue('timestamp', timestamp.version + 1, timestamp);
    const facts = snapshot === null ? this.#site.snapshot.facts : documentFacts(snapshot);
    const version = this.#site.snapshot.version + (snapshot === null ? 0 : 1);
    const bytes = this.#signed('timestamp', timestampPart(issue, { version, ...facts }), [this.#roles.timestamp]);
    return [{ path: metadataPath('timestamp.json'), bytes }];
  }

  #root(): MetadataFile[] {
    const { root } = this.#wish;
    return root === undefined ? newestRootFiles(this.#site) : rootFiles(root.version, root.bytes);
  }

  #isRenewed(role: string): boolean {
    if (this.#wish.renew?.has(role) === true || this.#wish.days?.has(role) === true || this.#site.unsound.has(role)) return true;
    const top = TOP_ROLES.find((name) => name === role);
    return top !== undefined && this.#isOthers(top);
  }

  /** Whether a new root takes a key from a role, or asks for more: what was signed before may not be enough any more. */
  #isOthers(role: TopRole): boolean {
    if (this.#wish.root === undefined) return false;
    const after = this.#roles[role];
    const stay = this.#before[role].keys.every(({ id }) => after.keys.some((key) => key.id === id));
    return !stay || after.threshold > this.#before[role].threshold;
  }

  #issue(role: string, version: number, now: Dated | null): Issue {
    return { version, days: this.#wish.days?.get(role) ?? now?.days ?? defaultDays(role), at: this.#signing.at };
  }

  #signed(role: string, part: Json, needed: readonly RoleKeys[]): Buffer {
    const before = this.#wish.root === undefined ? null : keysOfRole(this.#site, role);
    const isBranch = role.startsWith(branchRole(''));
    if (before === null || isBranch) return signedBytes(part, signerFor(this.#signing.ring, role, needed));
    const bytes = signedBytes(part, signerFor(this.#signing.ring, role, needed, [before]));
    if (!isAtHand(this.#signing.ring, before)) this.#isForBoth = false;
    return bytes;
  }
}

/** The root that counts, to be written again where a run was cut short between its two names. */
export function newestRootFiles(site: SignedSite): MetadataFile[] {
  const { version, bytes } = newestRoot(site);
  return rootFiles(version, bytes);
}

/** A root under both of its names, the one that devices look for first. */
function rootFiles(version: number, bytes: Buffer): MetadataFile[] {
  return [
    { path: `${METADATA_FOLDER}/${String(version)}.root.json`, bytes },
    { path: metadataPath('root.json'), bytes },
  ];
}

/** Metadata of the first version of a site, signed by those roles. */
export function firstMetadata(
  roles: TopRoles,
  { documents, days }: { documents: ReadonlyMap<string, Buffer>; days: ReadonlyMap<string, number> },
  signing: Signing,
): MetadataFile[] {
  const issue: Issue = { version: 1, days: days.get('root') ?? defaultDays('root'), at: signing.at };
  const bytes = signedBytes(rootPart(issue, roles), signerFor(signing.ring, 'root', [roles.root]));
  const nothing = (role: string): Dated => ({ version: 0, days: days.get(role) ?? defaultDays(role), expires: signing.at });
  const site: SignedSite = {
    roots: [{ ...issue, expires: signing.at, bytes, roles }],
    timestamp: { ...nothing('timestamp'), signedAt: null },
    snapshot: { ...nothing('snapshot'), facts: { length: 0, sha256: '' }, meta: new Map() },
    targets: { ...nothing('targets'), documents: new Map(), delegations: new Map() },
    branches: new Map(),
    unsound: new Set(),
    acceptedSince: issue.version,
  };
  return planMetadata(site, { documents, renew: new Set(['targets']) }, signing);
}

function sameDocuments(a: ReadonlyMap<string, DocumentFacts>, b: ReadonlyMap<string, DocumentFacts>): boolean {
  return a.size === b.size && [...a].every(([name, { sha256 }]) => b.get(name)?.sha256 === sha256);
}

function sameDelegations(a: ReadonlyMap<string, RoleKeys>, b: ReadonlyMap<string, RoleKeys>): boolean {
  return a.size === b.size && [...a].every(([branch, keys]) => sameKeys(keys, b.get(branch)));
}

function sameKeys(a: RoleKeys, b: RoleKeys | undefined): boolean {
  return a.threshold === b?.threshold && a.keys.length === b.keys.length && a.keys.every(({ id }) => b.keys.some((key) => key.id === id));
}
