/** The files of `tuf/`: written, cleared of what is out of date, and listed in the order in which they may be published. */
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { METADATA_FOLDER, gzipCopyPath, metadataPath, targetCopyPath } from '../../core/trust/metadata-layout.ts';
import { lstatOrNull, removeTree, unlinkIfThere, writeDurable } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import { readIfThere } from '../site/site.ts';
import { jsonOf } from './metadata-parts.ts';
import type { MetadataFile } from './metadata-text.ts';
import { documentFacts } from './metadata-text.ts';

/** So many versions of each role are kept, for devices that are in the middle of a check; roots are kept for ever. */
const KEPT_VERSIONS = 3;
/** What one packet carries anyway is not compressed. */
const LEAST_BYTES = 1400;
/** A copy in gzip is another file to store and to publish: it has to save a quarter. */
const MOST_SHARE = 0.75;
const COPIES = `${METADATA_FOLDER}/targets`;
const VERSIONED = /^(\d{1,15})\.([a-z0-9_-]+)\.json$/;

/** Whether a document that is to be signed gets a copy in gzip. The same bytes get the same answer. */
export function isGzipped(bytes: Buffer): boolean {
  return bytes.length >= LEAST_BYTES && gzipOf(bytes).length <= bytes.length * MOST_SHARE;
}

/** The files to write, in order. What is signed already says by itself whether it is `gzipped`. */
export function copiesOf(name: string, bytes: Buffer, gzipped: boolean): MetadataFile[] {
  const { sha256 } = documentFacts(bytes);
  const plain = { path: targetCopyPath(name, sha256), bytes };
  return gzipped ? [plain, { path: gzipCopyPath(name, sha256), bytes: gzipOf(bytes) }] : [plain];
}

function gzipOf(bytes: Buffer): Buffer {
  return gzipSync(bytes, { level: 9 });
}

/** Writes them one after the other, each complete and on disk before the next. What is just so already is not written. */
export function writeMetadata(dir: string, files: readonly MetadataFile[]): void {
  for (const { path, bytes } of files) {
    if (readIfThere(join(dir, path))?.equals(bytes) === true) continue;
    mkdirDurable(dirname(join(dir, path)), 0o755);
    writeDurable(join(dir, path), bytes, { mode: 0o644 });
  }
}

/** A file of `tuf/` as it is published: where it is below the site, what it is called where there are no folders, and what it is. */
export interface PublishedMetadata {
  path: string;
  asset: string;
  kind: 'copy' | 'role' | 'snapshot' | 'root' | 'newest-root' | 'timestamp';
  /** Of the role or root; null for copies, the timestamp and the newest root. */
  version: number | null;
}

/**
 * All files of `tuf/` that devices may ask for, in an order in which they can be brought to where devices read: copies of documents,
 * metadata of branches and targets, snapshots, then roots and the newest root, and the timestamp, which makes the rest count. What
 * is behind an interrupted run, and no timestamp names, is left out. `rootsLast`: all is signed for the roots that devices have
 * already as well, so they find what they accept before each new root and after it.
 */
export function metadataFiles(dir: string, { rootsLast = false } = {}): PublishedMetadata[] {
  const kept = keptFiles(dir);
  const last = rootsLast ? ['timestamp', 'root', 'newest-root'] : ['root', 'newest-root', 'timestamp'];
  const rank = ({ kind }: PublishedMetadata): number => ['copy', 'role', 'snapshot', ...last].indexOf(kind);
  const roles = kept.names.map(({ name, role, version }): PublishedMetadata => ({
    path: metadataPath(name),
    asset: name,
    kind: role === 'snapshot' ? 'snapshot' : role === 'root' ? 'root' : 'role',
    version,
  }));
  const copies = kept.copies.map((name): PublishedMetadata => ({ path: `${COPIES}/${name}`, asset: name, kind: 'copy', version: null }));
  const heads = [
    { path: metadataPath('root.json'), asset: 'root.json', kind: 'newest-root', version: null },
    { path: metadataPath('timestamp.json'), asset: 'timestamp.json', kind: 'timestamp', version: null },
  ] as const;
  return [...copies, ...roles, ...heads].toSorted((a, b) => rank(a) - rank(b) || (a.version ?? 0) - (b.version ?? 0) || (a.path < b.path ? -1 : 1));
}

/** Removes what no device asks for any more; the paths of what was there. Under the lock of the site. */
export function pruneMetadata(dir: string): string[] {
  const kept = keptFiles(dir);
  const names = new Set(kept.names.map(({ name }) => name));
  const copies = new Set(kept.copies);
  // In which the first metadata was made.
  removeTree(join(dir, `${METADATA_FOLDER}.tmp`));
  const stale = [
    ...namesIn(join(dir, METADATA_FOLDER)).flatMap((name) => (VERSIONED.test(name) && !names.has(name) ? [metadataPath(name)] : [])),
    ...namesIn(join(dir, COPIES)).flatMap((name) => (copies.has(name) ? [] : [`${COPIES}/${name}`])),
  ];
  return stale.filter((path) => unlinkIfThere(join(dir, path)));
}

interface Versioned {
  name: string;
  role: string;
  version: number;
}

/** The newest versions up to what the snapshot names, and the copies that they name. */
function keptFiles(dir: string): { names: Versioned[]; copies: string[] } {
  const current = currentVersions(dir);
  const all = namesIn(join(dir, METADATA_FOLDER)).flatMap((name): Versioned[] => {
    const [, version, role] = VERSIONED.exec(name) ?? [];
    return version === undefined || role === undefined ? [] : [{ name, role, version: Number(version) }];
  });
  const names = all.filter(({ role, version }) => {
    const newest = current.get(role);
    return role === 'root' || (newest !== undefined && version <= newest && version > newest - KEPT_VERSIONS);
  });
  const documents = names.filter(({ role }) => role !== 'root' && role !== 'snapshot').flatMap(({ name }) => copiesNamedBy(dir, name));
  const there = new Set(namesIn(join(dir, COPIES)));
  return { names, copies: [...new Set(documents)].filter((name) => there.has(name)).toSorted() };
}

function currentVersions(dir: string): Map<string, number> {
  const timestamp = metaOf(dir, 'timestamp.json');
  const snapshot = timestamp.get('snapshot') ?? 0;
  return new Map([...timestamp, ...metaOf(dir, `${String(snapshot)}.snapshot.json`)]);
}

function metaOf(dir: string, name: string): Map<string, number> {
  const signed = signedOf(dir, name);
  const entries = Object.entries(objectOf(signed['meta']));
  return new Map(entries.map(([file, facts]) => [file.replace(/\.json$/, ''), Number(objectOf(facts)['version'])]));
}

function copiesNamedBy(dir: string, name: string): string[] {
  return Object.entries(objectOf(signedOf(dir, name)['targets'])).flatMap(([path, facts]) => {
    const sha256 = objectOf(objectOf(facts)['hashes'])['sha256'];
    return typeof sha256 === 'string' ? [`${sha256}.${path}`, `${sha256}.${path}.gz`] : [];
  });
}

function signedOf(dir: string, name: string): Readonly<Record<string, unknown>> {
  const bytes = readIfThere(join(dir, metadataPath(name)));
  return bytes === null ? {} : objectOf(jsonOf(bytes, `'${join(dir, metadataPath(name))}'`)['signed']);
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function namesIn(dir: string): string[] {
  return lstatOrNull(dir)?.isDirectory() === true ? fs.readdirSync(dir).toSorted() : [];
}
