/**
 * Release bundles: gzip-compressed ustar archives of plain files, nothing else (reliability.md 4.1).
 * tar's Header encodes and decodes the 512-byte blocks; what an entry may be is decided here, and every byte is written by us.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import { Header } from 'tar/header';
import { UpdateError } from '../core/errors.ts';
import type { ManifestFile } from '../core/manifest.ts';
import { quotable } from '../core/release-path.ts';
import type { BundleResult, Entry, Report } from './bundle-contents.ts';
import { BLOCK_BYTES, MANIFEST_NAME, contentsLimit, padded, readContents, readManifestOnly } from './bundle-contents.ts';
import type { ByteReader } from './byte-reader.ts';
import { byteReader } from './byte-reader.ts';
import type { FreshTree } from './fresh-tree.ts';
import { createFreshTree } from './fresh-tree.ts';
import { gunzipFile } from './gunzip.ts';
import type { PackFile } from './pack-source.ts';
import { contentOf } from './pack-source.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
const ZERO_BLOCK = Buffer.alloc(BLOCK_BYTES);
const CHUNK_BYTES = 64 * 1024;
const FORBIDDEN_MODE = 0o7022;
const TYPE_FILE = '0'.charCodeAt(0);
const TYPE_DIRECTORY = '5'.charCodeAt(0);

export interface BundleRequest {
  /** Path of the .tar.gz. */
  bundle: string;
  /** The files of the manifest that the bundle must hold exactly. */
  files: readonly ManifestFile[];
  limits: { unpackedBytes: number };
  signal?: AbortSignal | undefined;
  /** Told about the compressed bytes read so far, and how many there are. */
  onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

export interface UnpackRequest extends BundleRequest {
  /** A directory that does not exist yet; its parent does. */
  into: string;
}

/**
 * Unpacks a bundle: afterwards `into` holds exactly the listed files, each with the listed sha256 and mode, directories 0755,
 * not synced to disk. On any failure `into` is gone, and nothing is written later. Throws BUNDLE_INVALID, DIGEST_MISMATCH,
 * SIZE_MISMATCH or PATH_REFUSED naming the entry, CANCELLED after an abort, IO_ERROR when `into` exists (and leaves that).
 */
export async function unpackBundle(request: UnpackRequest): Promise<BundleResult> {
  const tree = createFreshTree(request.into);
  try {
    return await readBundle(request, tree, (problem) => {
      throw problem;
    });
  } catch (error) {
    tree.discard();
    throw error;
  }
}

/**
 * Reads a bundle without writing anything and lists all that differs from the manifest. Throws BUNDLE_INVALID only where
 * reading on makes no sense: an archive that is damaged, or hostile in its form.
 */
export async function inspectBundle(request: BundleRequest): Promise<BundleResult & { problems: UpdateError[] }> {
  const problems: UpdateError[] = [];
  const result = await readBundle(request, null, (problem) => problems.push(problem));
  return { ...result, problems };
}

/** The manifest.json of a bundle whose file list is not known otherwise, unparsed. Throws BUNDLE_INVALID. */
export async function readBundleManifest(request: Omit<BundleRequest, 'files'>): Promise<Uint8Array> {
  const options = { what: 'the bundle', maxBytes: request.limits.unpackedBytes, signal: request.signal, onProgress: request.onProgress };
  return await gunzipFile(request.bundle, options, async (source) => readManifestOnly({ reader: byteReader(source), nextEntry }));
}

async function readBundle(request: BundleRequest, tree: FreshTree | null, report: Report): Promise<BundleResult> {
  const { files, signal, onProgress } = request;
  if (files.some((file) => file.path === MANIFEST_NAME)) {
    throw new UpdateError('PATH_REFUSED', `the manifest lists '${MANIFEST_NAME}', which is the name of the manifest itself`);
  }
  const maxBytes = Math.min(contentsLimit(files) ?? Infinity, request.limits.unpackedBytes);
  const options = { what: 'the bundle', maxBytes, signal, onProgress };
  return await gunzipFile(request.bundle, options, async (source) => readContents({ files, reader: byteReader(source), nextEntry, tree, report }));
}

/** The next entry, or null at an orderly end: two blocks of zeros, and only zeros after them. */
async function nextEntry(reader: ByteReader): Promise<Entry | null> {
  const block = await reader.exactly(BLOCK_BYTES);
  if (block.length < BLOCK_BYTES) throw new UpdateError('BUNDLE_INVALID', 'the bundle ends without an end-of-archive mark');
  if (!block.equals(ZERO_BLOCK)) return decodeEntry(block);
  const second = await reader.exactly(BLOCK_BYTES);
  if (!second.equals(ZERO_BLOCK)) throw new UpdateError('BUNDLE_INVALID', 'the bundle has half an end-of-archive mark');
  for (let rest = await reader.some(CHUNK_BYTES); rest !== null; rest = await reader.some(CHUNK_BYTES)) {
    if (rest.some((byte) => byte !== 0)) throw new UpdateError('BUNDLE_INVALID', 'the bundle has data after its end-of-archive mark');
  }
  return null;
}

/**
 * Refuses, by their type byte, links, devices, PAX and GNU extensions and whatever else is no plain file or directory; and
 * fields that readers of tar are known to disagree about (text after a NUL, base-256 sizes, a link name on a file).
 */
function decodeEntry(block: Buffer): Entry {
  const header = decodeHeader(block);
  const name = quotable(header.path ?? '');
  const refuse = (why: string): UpdateError => new UpdateError('BUNDLE_INVALID', `the bundle's entry '${name}' is refused: ${why}`);
  if (!header.cksumValid) throw refuse('its checksum is wrong');
  const isDirectory = block[156] === TYPE_DIRECTORY;
  if (!isDirectory && block[156] !== TYPE_FILE) {
    const type = header.type === 'Unsupported' ? `of the unknown type 0x${(block[156] ?? 0).toString(16)}` : `a ${header.type}`;
    throw refuse(`it is ${type}, only plain files are allowed`);
  }
  if (header.linkpath !== undefined && header.linkpath !== '') throw refuse('it has a link target');
  if (/\0[^\0]/.test(block.toString('latin1', 0, 100))) throw refuse('its name has a NUL in it');
  const mode = header.mode ?? 0;
  if ((mode & FORBIDDEN_MODE) !== 0) throw refuse(`its mode ${mode.toString(8)} has set-id or sticky bits, or is writable by group or others`);
  const size = block.toString('latin1', 124, 136);
  if (!/^ *[0-7]{1,12}[ \0]*$/.test(size)) throw refuse('its size is not an octal number');
  const sizeBytes = Number.parseInt(size, 8);
  if (isDirectory && sizeBytes !== 0) throw refuse(`it is a directory with ${String(sizeBytes)} bytes of content`);
  const path = (header.path ?? '').replace(/^\.\/(?=.)/, '');
  return { path: isDirectory ? path.replace(/\/$/, '') : path, isDirectory, size: sizeBytes };
}

function decodeHeader(block: Buffer): Header {
  try {
    return new Header(block);
  } catch (error) {
    throw new UpdateError('BUNDLE_INVALID', 'the bundle has an entry header that cannot be read', { cause: error });
  }
}

export interface PackRequest {
  /** A file that does not exist yet. */
  out: string;
  manifestBytes: Uint8Array;
  files: readonly PackFile[];
  signal?: AbortSignal | undefined;
}

/**
 * Writes a bundle, durable but for its directory entry: manifest.json, then the files sorted by path, without owner or time,
 * so that the same input gives the same bytes. On failure `out` is gone. Throws INPUT_REFUSED when a file is no longer what
 * `files` says or its path does not fit a plain ustar header, CANCELLED after an abort.
 */
export async function packBundle(request: PackRequest): Promise<{ size: number; sha256: string }> {
  const { out, signal } = request;
  const fd = fs.openSync(out, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    const hash = createHash('sha256');
    let size = 0;
    await pipeline(
      archiveOf(request),
      zlib.createGzip({ level: 9, chunkSize: CHUNK_BYTES }),
      async (source: AsyncIterable<Buffer>) => {
        for await (const chunk of source) {
          hash.update(chunk);
          size += chunk.length;
          writeAll(fd, chunk);
        }
      },
      signal === undefined ? {} : { signal },
    );
    fs.fchmodSync(fd, 0o644);
    fs.fsyncSync(fd);
    return { size, sha256: hash.digest('hex') };
  } catch (error) {
    fs.rmSync(out, { force: true });
    throw signal?.aborted === true ? new UpdateError('CANCELLED', 'cancelled while writing the bundle') : error;
  } finally {
    fs.closeSync(fd);
  }
}

function writeAll(fd: number, chunk: Uint8Array): void {
  for (let offset = 0; offset < chunk.length;) offset += fs.writeSync(fd, chunk, offset, chunk.length - offset);
}

function* archiveOf(request: PackRequest): Generator<Buffer> {
  const manifest = Buffer.from(request.manifestBytes);
  yield encodeHeader({ path: MANIFEST_NAME, mode: 0o644, size: manifest.length });
  yield manifest;
  yield padding(manifest.length);
  for (const file of request.files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    yield encodeHeader(file);
    yield* contentOf(file);
    yield padding(file.size);
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

function encodeHeader({ path, mode, size }: { path: string; mode: number; size: number }): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const needsExtension = new Header({ path, mode, size, type: 'File', uid: 0, gid: 0, mtime: new Date(0) }).encode(block);
  if (!needsExtension) return block;
  throw new UpdateError('INPUT_REFUSED', `'${path}' (${String(size)} bytes) does not fit a plain tar header`, {
    hint: 'a file name may have 100 characters, the directories before it 155, and a file 8 GiB',
  });
}

function padding(size: number): Buffer {
  return Buffer.alloc(padded(size) - size);
}
