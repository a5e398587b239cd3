/** What the client of signed metadata takes and gives. */
import type { SignedBy } from '../../core/trust/trust-state.ts';
import type { MetadataProfile } from '../../core/trust/metadata-shape.ts';
import type { MetadataStore } from './metadata-store.ts';

/** Where metadata comes from. Nothing of it is trusted. */
export interface MetadataSource {
  /**
   * The bytes of a file, under its name on the site: `4.root.json`, `timestamp.json`, `12.snapshot.json`. Null: it is not there.
   * Throws when the source cannot be asked, and RESPONSE_TOO_LARGE when it has more than `maxBytes`.
   */
  get: (name: string, maxBytes: number) => Promise<Buffer | null>;
}

/** A document that signed metadata names. */
export interface TrustedTarget {
  path: string;
  length: number;
  sha256: string;
  /** Its copy under the digest is there in gzip as well. */
  isGzipped: boolean;
  signedBy: SignedBy;
}

/** A role as people compare it. */
export interface RoleFacts {
  /** `root`, `timestamp`, `snapshot`, `targets`, or `branch-<name>`. */
  role: string;
  threshold: number;
  keys: { id: string; fingerprint: string; name: string | null }[];
  /** Null where its metadata is not known yet. */
  version: number | null;
  expires: Date | null;
  /** For how many days it is signed each time, where its metadata says so. */
  expiryDays: number | null;
  /** The targets that it may name; null for the roles of root. */
  paths: string[] | null;
}

/** Versions that are trusted; `until` is the first date on which one of them expires, null as long as there are no targets. */
export interface MetadataState {
  root: number;
  timestamp: number | null;
  until: Date | null;
  /** When the timestamp was signed, as it says itself. */
  signedAt: Date | null;
}

export interface MetadataClient {
  /**
   * Asks the source, verifies, and stores what is new, one durable file at a time: roots, timestamp, snapshot, targets.
   * `changed`: something is other than what was stored.
   */
  refresh: () => Promise<{ changed: boolean }>;
  /**
   * Null: no role that may name the path does. Delegated roles are loaded as they are needed, and verified against the delegator as
   * it is now. Without `refresh` before it, what is stored counts, if it is valid now.
   */
  target: (path: string) => Promise<TrustedTarget | null>;
  /** After `refresh` or `target`, what they went by; else what is stored, expired or not. Throws TRUST_DAMAGED below the floor. */
  state: () => MetadataState;
  /** Every role, with its keys, as root and targets name them. */
  roles: () => RoleFacts[];
}

export interface MetadataOptions {
  /** What the owner trusts. */
  initialRoot: Buffer;
  store: MetadataStore;
  source: MetadataSource;
  /** The reference time for all that expires. */
  now: Date;
  /** Versions that were trusted before, known from elsewhere; nothing older counts. */
  floor?: { root: number; timestamp: number | null };
  /** When the whole chain was good last, for the message of what has expired. */
  lastGood?: Date | null;
  /** `device`, unless metadata of other projects is read. */
  profile?: MetadataProfile;
}
