/**
 * Release bundles: gzip-compressed tar archives of plain files, nothing else. Ours are ustar, with a pax header where a name needs
 * one; those that other tools pack are read as well (docs/hosting.md). Every byte is checked against the manifest, and written by us.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import { UpdateError } from '../../core/errors.ts';
import type { ManifestFile } from '../../core/release/manifest.ts';
import { encodeEntry, nextEntry } from './archive-entry.ts';
import type { BundleResult, BundleReport } from './bundle-contents.ts';
import { BLOCK_BYTES, MANIFEST_NAME, contentsLimit, padded, readContents, readManifestOnly } from './bundle-contents.ts';
import { byteReader } from './byte-reader.ts';
import type { FreshTree } from './fresh-tree.ts';
import { createFreshTree } from './fresh-tree.ts';
import { gunzipFile } from './gunzip.ts';
import type { PackFile } from './pack-source.ts';
import { contentOf } from './pack-source.ts';

const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs.constants;
const CHUNK_BYTES = 64 * 1024;

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

async function readBundle(request: BundleRequest, tree: FreshTree | null, report: BundleReport): Promise<BundleResult> {
  const { files, signal, onProgress } = request;
  if (files.some((file) => file.path === MANIFEST_NAME)) {
    throw new UpdateError('PATH_REFUSED', `the manifest lists '${MANIFEST_NAME}', which is the name of the manifest itself`);
  }
  const maxBytes = Math.min(contentsLimit(files) ?? Infinity, request.limits.unpackedBytes);
  const options = { what: 'the bundle', maxBytes, signal, onProgress };
  return await gunzipFile(request.bundle, options, async (source) => readContents({ files, reader: byteReader(source), nextEntry, tree, report }));
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
 * `files` says or has 8 GiB or more, CANCELLED after an abort.
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
  yield* encodeEntry({ path: MANIFEST_NAME, mode: 0o644, size: manifest.length });
  yield manifest;
  yield padding(manifest.length);
  for (const file of request.files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    yield* encodeEntry(file);
    yield* contentOf(file);
    yield padding(file.size);
  }
  yield Buffer.alloc(2 * BLOCK_BYTES);
}

function padding(size: number): Buffer {
  return Buffer.alloc(padded(size) - size);
}
