/**
 * What a bundle may hold: exactly the files its manifest lists, each once, with the listed size and sha256, and manifest.json.
 * Entries for the directories of those files are tolerated and ignored: directories follow from the files. So is what a Mac's tar
 * puts beside a file for its attributes (AppleDouble, `._name`): it is recognised by its bytes, and never written anywhere.
 */
import { createHash } from 'node:crypto';
import { UpdateError, mismatch } from '../../core/errors.ts';
import type { ManifestFile } from '../../core/release/manifest.ts';
import { MANIFEST_MAX_BYTES, fileMode } from '../../core/release/manifest.ts';
import { quotable } from '../../core/release/release-path.ts';
import type { ByteReader } from './byte-reader.ts';
import type { FreshTree, NewFile } from './fresh-tree.ts';

/** Entries and their contents come in blocks of this size. */
export const BLOCK_BYTES = 512;
/** The manifest's own name at the top of a bundle; no release file may have it. */
export const MANIFEST_NAME = 'manifest.json';
/** Unlisted entries that a report names before it gives up. */
const MAX_STRAY_ENTRIES = 100;
/** Room for what tools put in front of an entry, in files with attributes: more than any of them needs. */
const EXTENSION_ROOM = 16 * 1024;
/** What to do about a bundle that is not as it has to be. */
export const PACKING_HINT =
  'tell the publisher of the releases how the bundle has to be packed (docs/hosting.md, "Packing by hand"); nothing was changed';

/** One entry of the archive, in front of its content. */
export interface Entry {
  path: string;
  isDirectory: boolean;
  size: number;
}

export interface BundleResult {
  /** The manifest.json of the bundle, unparsed; null when it has none. It is never written to disk. */
  manifestBytes: Uint8Array | null;
  /** Bytes of all listed files. */
  bytes: number;
}

/** How to go on where a bundle differs from its manifest: throw, or take note. */
export type BundleReport = (problem: UpdateError) => void;

export interface ContentsRequest {
  files: readonly ManifestFile[];
  reader: ByteReader;
  nextEntry: (reader: ByteReader) => Promise<Entry | null>;
  /** Where the files go; null to read and compare only. */
  tree: FreshTree | null;
  report: BundleReport;
}

interface Reading extends Omit<ContentsRequest, 'files' | 'nextEntry'> {
  files: ReadonlyMap<string, ManifestFile>;
  directories: ReadonlySet<string>;
  seen: Set<string>;
  /** The `._name` of what is listed. */
  attributes: Set<string>;
  result: BundleResult;
}

/**
 * Reads all entries, writes the listed ones to `tree`, and reports every difference from the list: PATH_REFUSED for an entry
 * that is not in it, BUNDLE_INVALID for a missing one, SIZE_MISMATCH and DIGEST_MISMATCH. Throws BUNDLE_INVALID for a second
 * entry of one name and for content that ends early.
 */
export async function readContents(request: ContentsRequest): Promise<BundleResult> {
  const { reader, nextEntry, tree, report } = request;
  const files = new Map(request.files.map((file) => [file.path, file]));
  const result: BundleResult = { manifestBytes: null, bytes: 0 };
  const reading: Reading = { reader, tree, report, files, directories: parentsOf(files.keys()), seen: new Set(), attributes: new Set(), result };
  for (let entry = await nextEntry(reader); entry !== null; entry = await nextEntry(reader)) await readEntry(reading, entry);
  for (const path of files.keys()) {
    if (!reading.seen.has(path))
      report(new UpdateError('BUNDLE_INVALID', `the bundle has no '${path}', which its manifest lists`, { hint: PACKING_HINT }));
  }
  return result;
}

/** Reads past all entries, and returns the content of manifest.json. Throws BUNDLE_INVALID when there is none, or two. */
export async function readManifestOnly({ reader, nextEntry }: Pick<ContentsRequest, 'reader' | 'nextEntry'>): Promise<Uint8Array> {
  let manifestBytes: Uint8Array | null = null;
  for (let entry = await nextEntry(reader); entry !== null; entry = await nextEntry(reader)) {
    if (entry.path !== MANIFEST_NAME) await readBody(reader, entry, () => undefined);
    else if (manifestBytes === null) manifestBytes = await readManifest(reader, entry.size);
    else throw new UpdateError('BUNDLE_INVALID', `the bundle has '${MANIFEST_NAME}' twice`);
  }
  if (manifestBytes === null) throw new UpdateError('BUNDLE_INVALID', `the bundle has no '${MANIFEST_NAME}'`);
  return manifestBytes;
}

/** The most bytes an archive of these files can need, frame included; null when the manifest does not say how long they are. */
export function contentsLimit(files: readonly ManifestFile[]): number | null {
  let limit = MANIFEST_MAX_BYTES + 64 * 1024;
  for (const { path, size } of files) {
    if (size === undefined) return null;
    limit += padded(size) + BLOCK_BYTES * (1 + path.split('/').length) + EXTENSION_ROOM;
  }
  return limit;
}

function parentsOf(paths: Iterable<string>): Set<string> {
  const parents = new Set(['.']);
  for (const path of paths) {
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth += 1) parents.add(parts.slice(0, depth).join('/'));
  }
  return parents;
}

/** A length rounded up to whole blocks. */
export function padded(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}

async function readEntry(reading: Reading, entry: Entry): Promise<void> {
  const file = reading.files.get(entry.path);
  const known = entry.isDirectory ? reading.directories.has(entry.path) : file !== undefined || entry.path === MANIFEST_NAME;
  if (!known && isBesideListed(reading, entry)) {
    await readAttributes(reading, entry);
    return;
  }
  if (!known) reading.report(unlisted(reading, entry));
  const key = entry.isDirectory ? `${entry.path}/` : entry.path;
  if (reading.seen.has(key)) throw new UpdateError('BUNDLE_INVALID', `the bundle has '${quotable(entry.path)}' twice`);
  if (reading.seen.size > reading.files.size + reading.directories.size + MAX_STRAY_ENTRIES) {
    throw new UpdateError('BUNDLE_INVALID', 'the bundle has far more entries than its manifest lists');
  }
  reading.seen.add(key);
  if (file !== undefined && !entry.isDirectory) await readFile(reading, entry, file);
  else if (entry.path === MANIFEST_NAME && !entry.isDirectory) reading.result.manifestBytes = await readManifest(reading.reader, entry.size);
  else await readBody(reading.reader, entry, () => undefined);
}

/** A name may be there in letters that look the same: a Mac takes them apart (NFD). */
function unlisted({ files, directories }: Reading, { path, isDirectory }: Entry): UpdateError {
  const normal = path.normalize('NFC');
  const isOther = normal !== path && (isDirectory ? directories.has(normal) : files.has(normal));
  const form = isOther ? ", but the same name in Unicode's normal form C" : '';
  const name = `${isDirectory ? 'the folder ' : ''}'${quotable(path)}'`;
  return new UpdateError('PATH_REFUSED', `the bundle has ${name}, which its manifest does not list${form}`, { hint: PACKING_HINT });
}

const APPLE_DOUBLE = /^(?<folder>(?:.*\/)?)\._(?<name>[^/]+)$/s;
const APPLE_DOUBLE_MAGIC = '00051607';

function isBesideListed({ files, directories }: Reading, { path, isDirectory }: Entry): boolean {
  const groups = APPLE_DOUBLE.exec(path)?.groups;
  if (isDirectory || groups === undefined) return false;
  const of = `${groups['folder'] ?? ''}${groups['name'] ?? ''}`;
  return of === MANIFEST_NAME || files.has(of) || directories.has(of);
}

async function readAttributes(reading: Reading, entry: Entry): Promise<void> {
  if (reading.attributes.has(entry.path)) throw new UpdateError('BUNDLE_INVALID', `the bundle has '${quotable(entry.path)}' twice`);
  reading.attributes.add(entry.path);
  let start = '';
  await readBody(reading.reader, entry, (chunk) => {
    if (start.length < APPLE_DOUBLE_MAGIC.length) start += chunk.toString('hex', 0, APPLE_DOUBLE_MAGIC.length / 2);
  });
  if (!start.startsWith(APPLE_DOUBLE_MAGIC)) reading.report(unlisted(reading, entry));
}

async function readManifest(reader: ByteReader, size: number): Promise<Uint8Array> {
  if (size > MANIFEST_MAX_BYTES) {
    throw new UpdateError('BUNDLE_INVALID', `the bundle's ${MANIFEST_NAME} has ${String(size)} bytes, ${String(MANIFEST_MAX_BYTES)} are allowed`);
  }
  const chunks: Buffer[] = [];
  await readBody(reader, { path: MANIFEST_NAME, isDirectory: false, size }, (chunk) => chunks.push(chunk));
  return Buffer.concat(chunks);
}

async function readFile(reading: Reading, entry: Entry, file: ManifestFile): Promise<void> {
  if (file.size !== undefined && file.size !== entry.size) {
    reading.report(new UpdateError('SIZE_MISMATCH', mismatch(`size of '${file.path}' in the bundle`, file.size, entry.size)));
  }
  const target: NewFile | null = reading.tree?.create(file.path) ?? null;
  try {
    const hash = createHash('sha256');
    let start = '';
    await readBody(reading.reader, entry, (chunk) => {
      if (start.length < 2) start += chunk.toString('latin1', 0, 2 - start.length);
      hash.update(chunk);
      target?.write(chunk);
    });
    const actual = hash.digest('hex');
    if (actual !== file.sha256) {
      reading.report(new UpdateError('DIGEST_MISMATCH', mismatch(`sha256 of '${file.path}' in the bundle`, file.sha256, actual)));
    }
    target?.finish(fileMode(file, start === '#!'));
  } finally {
    target?.abandon();
  }
  reading.result.bytes += entry.size;
}

async function readBody(reader: ByteReader, entry: Entry, use: (chunk: Buffer) => void): Promise<void> {
  for (let missing = entry.size; missing > 0;) {
    const chunk = await reader.some(missing);
    if (chunk === null) throw truncated(entry);
    use(chunk);
    missing -= chunk.length;
  }
  const padding = padded(entry.size) - entry.size;
  if ((await reader.exactly(padding)).length < padding) throw truncated(entry);
}

function truncated(entry: Entry): UpdateError {
  return new UpdateError('BUNDLE_INVALID', `the bundle ends inside '${quotable(entry.path)}'`);
}
