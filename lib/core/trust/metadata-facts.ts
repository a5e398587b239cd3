/**
 * What files of signed metadata say of each other: enough to publish them in an order in which a reader always finds a whole, and to
 * see who is behind. Nothing here checks a signature: `pikit-release verify` has done that before anything is published.
 */
import * as z from 'zod';
import { parseDocument } from '../json.ts';
import { keyFingerprint } from './fingerprint.ts';
import { KEY_NAME_MEMBER, METADATA_MAX_BYTES, metadataPath } from './metadata-layout.ts';

const Version = z.int().positive();
const Named = z.record(z.string().regex(/^[a-z0-9_-]{1,80}\.json$/), z.object({ version: Version }));

function signed<T extends z.ZodType>(body: T): z.ZodObject<{ signed: T }> {
  return z.object({ signed: body });
}

const Timestamp = signed(
  z.object({ _type: z.literal('timestamp'), version: Version, meta: z.object({ 'snapshot.json': z.object({ version: Version }) }) }),
);
const Snapshot = signed(z.object({ _type: z.literal('snapshot'), version: Version, meta: Named }));
const Targets = signed(
  z.object({
    _type: z.literal('targets'),
    version: Version,
    targets: z.record(z.string(), z.object({ hashes: z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) }) })),
  }),
);
const Root = signed(
  z.object({
    _type: z.literal('root'),
    version: Version,
    keys: z.record(z.string(), z.object({ keyval: z.object({ public: z.string() }), [KEY_NAME_MEMBER]: z.string().optional() })),
    roles: z.object({ root: z.object({ keyids: z.array(z.string()), threshold: z.int() }) }),
  }),
);

/** A key that signs the root, as people compare it. */
export interface RootKey {
  fingerprint: string;
  name: string | null;
}

export interface RootFacts {
  version: number;
  keys: RootKey[];
  /** How many of the keys have to sign. */
  threshold: number;
}

/** Version, and that of the snapshot it names. Throws METADATA_INVALID; so do the others. */
export function timestampFacts(bytes: Uint8Array, where: string): { version: number; snapshot: number } {
  const { version, meta } = parse(bytes, Timestamp, where).signed;
  return { version, snapshot: meta['snapshot.json'].version };
}

/** Version, and that of every role: `targets`, `branch-nightly`. */
export function snapshotFacts(bytes: Uint8Array, where: string): { version: number; roles: ReadonlyMap<string, number> } {
  const { version, meta } = parse(bytes, Snapshot, where).signed;
  return { version, roles: new Map(Object.entries(meta).map(([file, named]) => [file.replace(/\.json$/, ''), named.version])) };
}

/** The documents that a role names, by path, with their sha256. */
export function targetsFacts(bytes: Uint8Array, where: string): { version: number; documents: ReadonlyMap<string, string> } {
  const { version, targets } = parse(bytes, Targets, where).signed;
  return { version, documents: new Map(Object.entries(targets).map(([path, { hashes }]) => [path, hashes.sha256])) };
}

/** Version, and the keys that sign it: for the owner who compares them. */
export function rootFacts(bytes: Uint8Array, where: string): RootFacts {
  const { version, keys, roles } = parse(bytes, Root, where).signed;
  const found = roles.root.keyids.flatMap((id) => keys[id] ?? []);
  return {
    version,
    keys: found.map((key) => ({ fingerprint: keyFingerprint(key.keyval.public), name: key[KEY_NAME_MEMBER] ?? null })),
    threshold: roles.root.threshold,
  };
}

function parse<T>(bytes: Uint8Array, schema: z.ZodType<T>, where: string): T {
  return parseDocument(bytes, schema, { what: where, maxBytes: METADATA_MAX_BYTES.targets, code: 'METADATA_INVALID' });
}

/** Versions of one state of the metadata of a site. */
export interface MetadataVersions {
  root: number;
  timestamp: number;
  snapshot: number;
  /** By role; a role that is not there has none. */
  roles: ReadonlyMap<string, number>;
}

/** The first file that one state has in an older version than another one, or not at all (0); null when it is behind in none. */
export function firstBehind(ours: MetadataVersions, theirs: MetadataVersions): { path: string; ours: number; theirs: number } | null {
  const rows: [string, number, number][] = [
    ['root.json', ours.root, theirs.root],
    ...[...theirs.roles].map(([role, version]): [string, number, number] => [`${role}.json`, ours.roles.get(role) ?? 0, version]),
    ['snapshot.json', ours.snapshot, theirs.snapshot],
    ['timestamp.json', ours.timestamp, theirs.timestamp],
  ];
  const behind = rows.find(([, mine, published]) => mine < published);
  return behind === undefined ? null : { path: metadataPath(behind[0]), ours: behind[1], theirs: behind[2] };
}
