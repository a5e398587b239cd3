/**
 * A large file from a folder of this device, by the rules of a download: into `<file>.partial`, verified, with the same limits.
 * It is copied, not used where it is: a stick may be pulled out, and what was verified must be what is unpacked.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { promisify } from 'node:util';
import { UpdateError, mismatch } from '../../core/errors.ts';
import type { Downloaded, DownloadRequest } from '../http/download-request.ts';
import { accept, tooLarge } from '../http/download-verdict.ts';
import { mediumError, openLocalFile } from './local-file.ts';
import { openPartial, writeAll } from '../http/partial-file.ts';
import type { RateGuard } from '../http/rate-guard.ts';

const CHUNK_BYTES = 256 * 1024;
const readChunk = promisify(fs.read);

/** Nothing flows by itself here, so there is nothing to hold back. */
const NO_VALVE = { shut: () => undefined, open: () => undefined };

/**
 * Copies `url` to `options.file`, always from its beginning: copying again is cheaper than knowing whether it is still the same.
 * Throws OFFLINE, NOT_FOUND, SIZE_MISMATCH, DIGEST_MISMATCH, RESPONSE_TOO_LARGE; errors of the disk written to as they are.
 */
export async function copyLocalFile(url: URL, options: DownloadRequest, tools: { guard: RateGuard; signal: AbortSignal }): Promise<Downloaded> {
  const { guard, signal } = tools;
  const partial = `${options.file}.partial`;
  const source = openLocalFile(url, options.what);
  try {
    assertSize(source.size, options);
    const hash = createHash('sha256');
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const target = openPartial(partial, 0, { url: url.href, validator: null, sha256: options.sha256 });
    let end = 0;
    try {
      for (;;) {
        signal.throwIfAborted();
        const bytes = chunk.subarray(0, await readSome(source, chunk, end));
        if (bytes.length === 0) break;
        if (end + bytes.length > (options.sizeBytes ?? options.maxBytes)) throw tooLarge(options, end + bytes.length);
        writeAll(target, bytes, end);
        hash.update(bytes);
        end += bytes.length;
        options.onProgress(end, options.sizeBytes, guard.count(bytes.length));
        await guard.throttle(signal, NO_VALVE);
      }
    } finally {
      fs.closeSync(target);
    }
    assertSize(end, options);
    accept(partial, hash.digest('hex'), options);
    return { received: end, resumed: 0 };
  } finally {
    fs.closeSync(source.fd);
  }
}

async function readSome(source: { fd: number; path: string }, chunk: Buffer, at: number): Promise<number> {
  try {
    return (await readChunk(source.fd, chunk, 0, chunk.length, at)).bytesRead;
  } catch (error) {
    throw mediumError(error, source.path);
  }
}

function assertSize(size: number, options: DownloadRequest): void {
  if (options.sizeBytes === null || size === options.sizeBytes) return;
  throw new UpdateError('SIZE_MISMATCH', mismatch(`size of ${options.what} in bytes`, options.sizeBytes, size), {
    hint: 'the files on the stick do not match the manifest: copy the site to it again; nothing was changed',
  });
}
