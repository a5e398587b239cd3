/**
 * The way from the initial root to targets: what is stored, and what the source has that is newer (TUF 5.3 to 5.6).
 *
 * Files are stored one by one, each when it was verified: roots, timestamp, snapshot, targets, delegated roles. Every one is
 * verified again when it is loaded, so any of them may be old, damaged or missing: what is left of the chain counts, and the rest is
 * asked for anew. `root.json` is the root under which timestamp and snapshot were stored: where a key of these two was taken away
 * since, they are dropped (5.3.11), whether or not they would verify, and `root.json` is written after that.
 */
import { UpdateError } from '../../core/errors.ts';
import { quotable } from '../../core/release/release-path.ts';
import { MAX_ROOT_ROTATIONS, METADATA_MAX_BYTES } from '../../core/trust/metadata-layout.ts';
import type { MetadataOptions } from './metadata-types.ts';
import { metadataError } from './metadata-errors.ts';
import type { ProvenRoot } from './root-chain.ts';
import { hasLostKeys, isTrusted, loadRoots, rootName, settledVersion } from './root-chain.ts';
import type { TrustedMetadata } from './trusted-metadata.ts';
import { trustNextRoot, trustRoot, trustSnapshot, trustTargets, trustTimestamp } from './trusted-metadata.ts';

export interface MetadataChain {
  /** What is stored and was verified once, whether or not it has expired since. Throws TRUST_DAMAGED below the floor. */
  stored: () => TrustedMetadata;
  /** What is stored, complete and valid now. Throws the code of what is wrong with it. */
  valid: () => TrustedMetadata;
  /** The same with what the source has. */
  refreshed: () => Promise<{ trusted: TrustedMetadata; changed: boolean }>;
  /** Trusts a role as its delegator names it now, from the store, or else from the source. */
  role: (trusted: TrustedMetadata, role: string, delegator: string) => Promise<void>;
  /** The same from the store alone; false when it has none that counts. */
  storedRole: (trusted: TrustedMetadata, role: string, delegator: string) => boolean;
}

/** Far before anything expires. */
const BEFORE_ALL = new Date(0);

/** Throws TRUST_INVALID when the initial root is none. */
export function metadataChain(options: MetadataOptions): MetadataChain {
  const { initialRoot, store, source, now, floor, lastGood = null, profile = 'device' } = options;
  const begin = (at: Date): { trusted: TrustedMetadata; roots: ProvenRoot[] } => {
    const trusted = trustRoot(initialRoot, { now: at, profile, lastGood });
    return { trusted, roots: loadRoots(trusted, initialRoot, store) };
  };
  trustRoot(initialRoot, { now, profile, lastGood });

  function checkRoot({ set }: TrustedMetadata): void {
    const { version } = set.root.signed;
    if (floor === undefined || version >= floor.root) return;
    const message = `the trusted root of this device is version ${String(version)}, and it has trusted version ${String(floor.root)} before: what it stored since is damaged`;
    throw metadataError('TRUST_DAMAGED', message);
  }

  function checkTimestamp({ set }: TrustedMetadata, roots: readonly ProvenRoot[]): void {
    const least = floor?.timestamp ?? null;
    const version = set.timestamp?.signed.version ?? 0;
    if (floor === undefined || least === null || version >= least) return;
    // The owner trusts a newer root, or a key was taken away: the version says nothing any more.
    if (!roots.some(({ signed }) => signed.version === floor.root) || hasLostKeys(roots, floor.root)) return;
    const message = `'timestamp.json' is version ${String(version)}, and this device has trusted version ${String(least)} already`;
    throw metadataError('METADATA_ROLLBACK', message);
  }

  function storedTimestamp(trusted: TrustedMetadata, roots: readonly ProvenRoot[]): void {
    const settled = settledVersion(roots, store);
    if (settled !== null && hasLostKeys(roots, settled)) return;
    isTrusted(store, 'timestamp.json', METADATA_MAX_BYTES.timestamp, (bytes) => trustTimestamp(trusted, bytes));
  }

  function storedSnapshot(trusted: TrustedMetadata): boolean {
    return isTrusted(store, 'snapshot.json', METADATA_MAX_BYTES.snapshot, (bytes) => {
      trustSnapshot(trusted, bytes, 'snapshot.json', { stored: true });
    });
  }

  function storedRole(trusted: TrustedMetadata, role: string, delegator: string): boolean {
    const name = storedName(role);
    return isTrusted(store, name, METADATA_MAX_BYTES.targets, (bytes) => {
      trustTargets(trusted, bytes, { name, role, delegator });
    });
  }

  function needed(name: string, maxBytes: number): Buffer {
    const bytes = store.read(name, maxBytes);
    if (bytes === null) throw metadataError('SIGNATURE_MISSING', `this device has no '${name}' that it has verified: it has to check first`);
    return bytes;
  }

  /** `named`: the length that signed metadata gives, if it does. */
  async function asked(name: string, limit: number, named = Infinity): Promise<Buffer | null> {
    const most = Math.min(named, limit);
    const tooLarge = (cause?: unknown): UpdateError =>
      metadataError(
        named < limit ? 'METADATA_MISMATCH' : 'METADATA_INVALID',
        `'${name}' has more than the ${String(most)} bytes that it may have`,
        cause,
      );
    try {
      const bytes = await source.get(name, most);
      if (bytes !== null && bytes.length > most) throw tooLarge();
      return bytes;
    } catch (error) {
      throw error instanceof UpdateError && error.code === 'RESPONSE_TOO_LARGE' ? tooLarge(error) : error;
    }
  }

  async function askRoots(trusted: TrustedMetadata, roots: ProvenRoot[]): Promise<boolean> {
    for (let count = 0; count < MAX_ROOT_ROTATIONS; count += 1) {
      const name = rootName(trusted.set.root.signed.version + 1);
      const bytes = await asked(name, METADATA_MAX_BYTES.root);
      if (bytes === null) {
        // Whatever has that name in the store was not proven, and apply would find it there.
        store.remove(name);
        return count > 0;
      }
      trustNextRoot(trusted, bytes, name);
      roots.push({ signed: trusted.set.root.signed, bytes });
      store.write(name, bytes);
    }
    return true;
  }

  /** Puts back what only `root.json` had: it is about to be replaced. */
  function mendRoots(roots: readonly ProvenRoot[]): void {
    for (const { signed, bytes } of roots) {
      const name = rootName(signed.version);
      if (store.read(name, METADATA_MAX_BYTES.root)?.equals(bytes) !== true) store.write(name, bytes);
    }
  }

  /** Drops what a key signed that was taken away, and then says under which root the rest is stored. */
  function settle(roots: readonly ProvenRoot[]): void {
    const newest = roots.at(-1);
    const settled = settledVersion(roots, store);
    if (newest === undefined || settled === newest.signed.version) return;
    if (settled !== null && hasLostKeys(roots, settled)) for (const name of ['snapshot.json', 'timestamp.json']) store.remove(name);
    store.write('root.json', newest.bytes);
  }

  async function askTimestamp(trusted: TrustedMetadata, roots: readonly ProvenRoot[]): Promise<boolean> {
    const bytes = await asked('timestamp.json', METADATA_MAX_BYTES.timestamp);
    if (bytes === null) throw metadataError('SIGNATURE_MISSING', "the source has no 'timestamp.json': its releases are not signed");
    const isNew = trustTimestamp(trusted, bytes) === 'new';
    checkTimestamp(trusted, roots);
    if (isNew) store.write('timestamp.json', bytes);
    return isNew;
  }

  async function askSnapshot(trusted: TrustedMetadata): Promise<void> {
    const { timestamp, root } = trusted.set;
    const meta = timestamp?.signed.snapshotMeta;
    const name = root.signed.consistentSnapshot ? `${String(meta?.version)}.snapshot.json` : 'snapshot.json';
    const bytes = await asked(name, METADATA_MAX_BYTES.snapshot, meta?.length);
    if (bytes === null) throw notThere(name, 'timestamp.json', timestamp?.signed.version);
    trustSnapshot(trusted, bytes, name);
    store.write('snapshot.json', bytes);
  }

  async function askRole(trusted: TrustedMetadata, role: string, delegator: string): Promise<void> {
    const { snapshot, root } = trusted.set;
    const meta = snapshot?.signed.meta[`${role}.json`];
    if (meta === undefined) {
      const message = `'snapshot.json' version ${String(snapshot?.signed.version)} does not name '${quotable(role)}.json', which '${quotable(delegator)}' delegates to`;
      throw metadataError('METADATA_MISMATCH', message);
    }
    const name = `${root.signed.consistentSnapshot ? `${String(meta.version)}.` : ''}${storedName(role)}`;
    const bytes = await asked(name, METADATA_MAX_BYTES.targets, meta.length);
    if (bytes === null) throw notThere(name, 'snapshot.json', snapshot?.signed.version);
    trustTargets(trusted, bytes, { name, role, delegator });
    store.write(storedName(role), bytes);
  }

  return {
    storedRole,
    stored: () => {
      const { trusted, roots } = begin(BEFORE_ALL);
      checkRoot(trusted);
      storedTimestamp(trusted, roots);
      if (trusted.set.timestamp !== undefined && storedSnapshot(trusted)) storedRole(trusted, 'targets', 'root');
      return trusted;
    },
    valid: () => {
      const { trusted, roots } = begin(now);
      checkRoot(trusted);
      trustTimestamp(trusted, needed('timestamp.json', METADATA_MAX_BYTES.timestamp));
      checkTimestamp(trusted, roots);
      trustSnapshot(trusted, needed('snapshot.json', METADATA_MAX_BYTES.snapshot), 'snapshot.json', { stored: true });
      trustTargets(trusted, needed('targets.json', METADATA_MAX_BYTES.targets), { name: 'targets.json', role: 'targets', delegator: 'root' });
      return trusted;
    },
    refreshed: async () => {
      const { trusted, roots } = begin(now);
      mendRoots(roots);
      let changed = await askRoots(trusted, roots);
      checkRoot(trusted);
      settle(roots);
      storedTimestamp(trusted, roots);
      changed = (await askTimestamp(trusted, roots)) || changed;
      if (!storedSnapshot(trusted)) {
        await askSnapshot(trusted);
        changed = true;
      }
      if (!storedRole(trusted, 'targets', 'root')) {
        await askRole(trusted, 'targets', 'root');
        changed = true;
      }
      return { trusted, changed };
    },
    role: async (trusted, role, delegator) => {
      if (!storedRole(trusted, role, delegator)) await askRole(trusted, role, delegator);
    },
  };
}

/** The name of a role's file, without its version. */
function storedName(role: string): string {
  try {
    return `${encodeURIComponent(role)}.json`;
  } catch (error) {
    throw metadataError('METADATA_INVALID', `the role '${quotable(role)}' has no name that a file can have`, error);
  }
}

function notThere(name: string, by: string, version: number | undefined): UpdateError {
  return metadataError('METADATA_MISMATCH', `'${by}' version ${String(version)} names '${name}', and the source does not have it`);
}
