/**
 * A small TUF repository for tests: its roles are plain JSON that a test may change in any way, signed by keys that it names. It
 * shares no code with what reads it: canonical JSON and signatures are its own.
 *
 *   const repository = tufRepository();
 *   repository.put('manifest.json', bytes);
 *   repository.publish();                        // targets, snapshot and timestamp, each one version higher
 *   repository.rotate('timestamp', [testKey('new')]);
 *   repository.tamper('timestamp.json', (metadata) => { metadata.signed.version = 99; });
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { UpdateError } from '../../lib/core/errors.ts';
import type { MetadataSource } from '../../lib/io/trust/metadata-types.ts';
import type { MetadataStore } from '../../lib/io/trust/metadata-store.ts';
import type { KeyJson, TestKey } from './tuf-keys.ts';
import { canonical, testKey } from './tuf-keys.ts';

/** When a repository is made, unless it says otherwise. */
export const TUF_NOW = new Date('2026-11-01T12:00:00Z');

export interface RoleJson {
  keyids: string[];
  threshold: number;
  [member: string]: unknown;
}

export interface DelegatedRoleJson extends RoleJson {
  name: string;
  terminating: boolean;
  paths?: string[];
}

export interface SignedJson {
  _type: string;
  spec_version: string;
  version: number;
  expires: string;
  [member: string]: unknown;
}

export interface RootJson extends SignedJson {
  consistent_snapshot: boolean;
  keys: Record<string, KeyJson>;
  roles: Record<TopRole, RoleJson>;
}

interface FileJson {
  version: number;
  length?: number;
  hashes?: Record<string, string>;
}

export interface MetaJson extends SignedJson {
  meta: Record<string, FileJson>;
}

export interface TargetsJson extends SignedJson {
  targets: Record<string, { length: number; hashes: Record<string, string>; [member: string]: unknown }>;
  delegations?: { keys: Record<string, KeyJson>; roles: DelegatedRoleJson[] };
}

export interface MetadataJson {
  signed: SignedJson;
  signatures: { keyid: string; sig: string; [member: string]: unknown }[];
  [member: string]: unknown;
}

export type TopRole = 'root' | 'timestamp' | 'snapshot' | 'targets';

export interface RepositoryOptions {
  now?: Date;
  consistent?: boolean;
  /** Keys and thresholds of the roles of root; a key of the role's name, and 1, where it is left out. */
  keys?: Partial<Record<TopRole, TestKey[]>>;
  thresholds?: Partial<Record<TopRole, number>>;
  /** Whether timestamp and snapshot name lengths and hashes. */
  hashes?: boolean;
}

const DAYS: Readonly<Record<string, number>> = { root: 365, targets: 180, snapshot: 30, timestamp: 14 };

export interface TufRepository {
  /** What is signed next; change it as you like, and publish. */
  root: RootJson;
  timestamp: MetaJson;
  snapshot: MetaJson;
  targets: TargetsJson;
  delegated: Map<string, TargetsJson>;
  /** Who signs each role: those of root and the delegated ones. */
  signers: Map<string, TestKey[]>;
  /** What a server has, by name below `tuf/`: metadata, and `targets/<sha256>.<name>`. */
  files: Map<string, Buffer>;
  /** The documents, by their plain name. */
  documents: Map<string, Buffer>;
  /** The time of signing. */
  now: Date;
  /** The bytes of the first root, for the device to trust. */
  initialRoot: Buffer;
  /** Names a document, in `targets` or a delegated role. */
  put: (path: string, content: string | Buffer, role?: string) => void;
  drop: (path: string, role?: string) => void;
  /** A role with keys of its own. Without paths it is that of a branch: `delegate('branch-nightly')`. */
  delegate: (role: string, options?: { keys?: TestKey[]; threshold?: number; paths?: string[]; terminating?: boolean; delegator?: string }) => void;
  /** Signs roles anew, each one version higher, and what names them; all but root when none is named. */
  publish: (...roles: string[]) => void;
  /** Signs the next root, by the keys of the last one and by its own. */
  publishRoot: () => Buffer;
  /** Other keys for a role, in a new root, or at its delegator. What the role has signed is signed anew. */
  rotate: (role: string, keys: TestKey[], threshold?: number) => void;
  /** Signs a role with an expiry of your own. */
  expire: (role: string, at: Date) => void;
  /** Changes a published file without signing it anew. */
  tamper: (name: string, change: (metadata: MetadataJson) => void) => void;
  /** Bytes of signed metadata, for any JSON and any keys. */
  sign: (signed: SignedJson, keys: readonly TestKey[]) => Buffer;
  /** The name on the site of the newest file of a role. */
  nameOf: (role: string) => string;
  source: () => MetadataSource & { requests: string[] };
  /** Writes `tuf/` and the documents. */
  writeTo: (site: string) => void;
  /** All as it is now, for a mirror that is behind, or to go back to. */
  copyFiles: () => Map<string, Buffer>;
}

/** A repository with a first root, empty targets, a snapshot and a timestamp, published. */
export function tufRepository(options: RepositoryOptions = {}): TufRepository {
  const now = options.now ?? TUF_NOW;
  const keysOf = (role: TopRole): TestKey[] => options.keys?.[role] ?? [testKey(role)];
  const signers = new Map<string, TestKey[]>((['root', 'timestamp', 'snapshot', 'targets'] as const).map((role) => [role, keysOf(role)]));
  const files = new Map<string, Buffer>();
  const documents = new Map<string, Buffer>();
  const delegated = new Map<string, TargetsJson>();
  const roleJson = (role: TopRole): RoleJson => ({ keyids: keysOf(role).map(({ id }) => id), threshold: options.thresholds?.[role] ?? 1 });
  const head = (type: string): SignedJson => ({
    _type: type,
    spec_version: '1.0.31',
    version: 0,
    expires: inDays(now, DAYS[type] ?? 30),
    'x-pikit-expiry-days': DAYS[type] ?? 30,
  });

  const repository: TufRepository = {
    root: {
      ...head('root'),
      consistent_snapshot: options.consistent ?? true,
      keys: Object.fromEntries([...signers.values()].flat().map(({ id, json }) => [id, json])),
      roles: { root: roleJson('root'), timestamp: roleJson('timestamp'), snapshot: roleJson('snapshot'), targets: roleJson('targets') },
    },
    timestamp: { ...head('timestamp'), meta: {} },
    snapshot: { ...head('snapshot'), meta: {} },
    targets: { ...head('targets'), targets: {} },
    delegated,
    signers,
    files,
    documents,
    now,
    initialRoot: Buffer.alloc(0),

    put: (path, content, role = 'targets') => {
      const bytes = Buffer.from(content);
      const sha256 = digest(bytes);
      targetsOf(role).targets[path] = { length: bytes.length, hashes: { sha256 } };
      documents.set(path, bytes);
      const slash = path.lastIndexOf('/') + 1;
      files.set(`targets/${path.slice(0, slash)}${sha256}.${path.slice(slash)}`, bytes);
    },

    drop: (path, role = 'targets') => {
      targetsOf(role).targets = Object.fromEntries(Object.entries(targetsOf(role).targets).filter(([name]) => name !== path));
      documents.delete(path);
    },

    delegate: (role, { keys = [testKey(role)], threshold = 1, paths = pathsOf(role), terminating = true, delegator = 'targets' } = {}) => {
      const from = targetsOf(delegator);
      from.delegations ??= { keys: {}, roles: [] };
      for (const { id, json } of keys) from.delegations.keys[id] = json;
      const others = from.delegations.roles.filter(({ name }) => name !== role);
      from.delegations.roles = [...others, { name: role, keyids: keys.map(({ id }) => id), threshold, terminating, paths }];
      signers.set(role, keys);
      if (!delegated.has(role)) delegated.set(role, { ...head('targets'), targets: {} });
    },

    publish: (...roles) => {
      const all = roles.length === 0 ? ['targets', ...delegated.keys()] : roles;
      for (const role of all) if (role === 'targets' || delegated.has(role)) publishTargets(role);
      if (all.some((role) => role !== 'timestamp')) {
        repository.snapshot.version += 1;
        store('snapshot', repository.snapshot);
      }
      const { timestamp, snapshot } = repository;
      timestamp.version += 1;
      timestamp.meta['snapshot.json'] = fileJson(repository.nameOf('snapshot'), snapshot.version);
      timestamp['x-pikit-signed-at'] = repository.now.toISOString();
      store('timestamp', timestamp);
    },

    publishRoot: () => {
      repository.root.version += 1;
      const own = signers.get('root') ?? [];
      const before = lastRootKeys.filter(({ id }) => own.every((key) => key.id !== id));
      const bytes = repository.sign(repository.root, [...own, ...before]);
      files.set(`${String(repository.root.version)}.root.json`, bytes);
      files.set('root.json', bytes);
      lastRootKeys = own;
      return bytes;
    },

    rotate: (role, keys, threshold = 1) => {
      if (!isTopRole(role)) {
        const delegator = [repository.targets, ...delegated.values()].find(({ delegations }) => delegations?.roles.some(({ name }) => name === role));
        const json = delegator?.delegations?.roles.find(({ name }) => name === role);
        if (delegator?.delegations === undefined || json === undefined) throw new Error(`there is no role '${role}'`);
        Object.assign(json, { keyids: keys.map(({ id }) => id), threshold });
        for (const { id, json: key } of keys) delegator.delegations.keys[id] = key;
        signers.set(role, keys);
        repository.publish();
        return;
      }
      repository.root.roles[role] = { keyids: keys.map(({ id }) => id), threshold };
      signers.set(role, keys);
      const used = new Set(Object.values(repository.root.roles).flatMap(({ keyids }) => keyids));
      const known = [...Object.entries(repository.root.keys), ...keys.map(({ id, json }): [string, KeyJson] => [id, json])];
      repository.root.keys = Object.fromEntries(known.filter(([id]) => used.has(id)));
      repository.publishRoot();
      if (role === 'targets') repository.publish('targets');
      else if (role !== 'root') repository.publish('snapshot');
    },

    expire: (role, at) => {
      const expires = at.toISOString().replace(/\.\d+Z$/, 'Z');
      if (role === 'root') {
        repository.root.expires = expires;
        repository.publishRoot();
      } else {
        signedOf(role).expires = expires;
        repository.publish(role);
      }
    },

    tamper: (name, change) => {
      const metadata = metadataJson(files.get(name) ?? Buffer.from('null'));
      change(metadata);
      files.set(name, toBytes(metadata));
    },

    sign: (signed, keys) => {
      const bytes = Buffer.from(canonical(signed));
      return toBytes({ signatures: keys.map(({ id, sign }) => ({ keyid: id, sig: sign(bytes) })), signed });
    },

    nameOf: (role) => {
      if (role === 'timestamp') return 'timestamp.json';
      const prefix = role === 'root' || repository.root.consistent_snapshot ? `${String(signedOf(role).version)}.` : '';
      return `${prefix}${encodeURIComponent(role)}.json`;
    },

    source: () => memorySource(files),
    copyFiles: () => new Map(files),

    writeTo: (site) => {
      const write = (path: string, bytes: Buffer): void => {
        fs.mkdirSync(dirname(join(site, path)), { recursive: true });
        fs.writeFileSync(join(site, path), bytes);
      };
      for (const [name, bytes] of files) write(`tuf/${name}`, bytes);
      for (const [path, bytes] of documents) write(path, bytes);
    },
  };

  let lastRootKeys: TestKey[] = [];

  const targetsOf = (role: string): TargetsJson => {
    const found = role === 'targets' ? repository.targets : delegated.get(role);
    if (found === undefined) throw new Error(`there is no role '${role}'`);
    return found;
  };
  const signedOf = (role: string): SignedJson => (isTopRole(role) ? repository[role] : targetsOf(role));
  const fileJson = (name: string, version: number): FileJson => {
    const bytes = files.get(name) ?? Buffer.alloc(0);
    return options.hashes === false ? { version } : { version, length: bytes.length, hashes: { sha256: digest(bytes) } };
  };
  const store = (role: string, signed: SignedJson): void => {
    files.set(repository.nameOf(role), repository.sign(signed, signers.get(role) ?? []));
  };
  const publishTargets = (role: string): void => {
    const signed = targetsOf(role);
    signed.version += 1;
    store(role, signed);
    repository.snapshot.meta[`${role}.json`] = fileJson(repository.nameOf(role), signed.version);
  };

  repository.initialRoot = repository.publishRoot();
  repository.publish();
  return repository;
}

/** A server's files; what was asked for is in `requests`. */
export function memorySource(files: ReadonlyMap<string, Buffer>): MetadataSource & { requests: string[] } {
  const requests: string[] = [];
  return {
    requests,
    get: (name, maxBytes) => {
      requests.push(name);
      const bytes = files.get(name) ?? null;
      if (bytes !== null && bytes.length > maxBytes)
        return Promise.reject(new UpdateError('RESPONSE_TOO_LARGE', `'${name}' has more than ${String(maxBytes)} bytes`));
      return Promise.resolve(bytes);
    },
  };
}

/** A store in memory; `writes` are its changes in order. */
export function memoryStore(files = new Map<string, Buffer>()): MetadataStore & { files: Map<string, Buffer>; writes: string[] } {
  const writes: string[] = [];
  return {
    files,
    writes,
    read: (name, maxBytes) => {
      const bytes = files.get(name) ?? null;
      return bytes !== null && bytes.length > maxBytes ? null : bytes;
    },
    write: (name, bytes) => {
      writes.push(name);
      files.set(name, Buffer.from(bytes));
    },
    remove: (name) => {
      if (files.delete(name)) writes.push(`-${name}`);
    },
    names: () => [...files.keys()].toSorted(),
  };
}

/** Metadata as JSON, for a test that looks into it. */
function metadataJson(bytes: Buffer): MetadataJson {
  const value: unknown = JSON.parse(bytes.toString());
  if (!isMetadata(value)) throw new Error('this is no metadata');
  return value;
}

function isMetadata(value: unknown): value is MetadataJson {
  return typeof value === 'object' && value !== null && 'signed' in value && 'signatures' in value;
}

function toBytes(metadata: MetadataJson): Buffer {
  return Buffer.from(`${JSON.stringify(metadata, null, 1)}\n`);
}

function isTopRole(role: string): role is TopRole {
  return ['root', 'timestamp', 'snapshot', 'targets'].includes(role);
}

function pathsOf(role: string): string[] {
  const branch = role.replace(/^branch-/, '');
  return [`manifest_${branch}.json`, `releases_${branch}.json`];
}

function inDays(now: Date, days: number): string {
  return new Date(now.getTime() + days * 86_400_000).toISOString().replace(/\.\d+Z$/, 'Z');
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
