/**
 * Reads a file that is exactly one gzip member (RFC 1952): header, deflate data, CRC and length, and then the end of the
 * file. zlib's own gunzip joins several members, and skips header fields that other readers read; counting what it has read
 * does not tell a member in front that unpacks to nothing, nor an extra field, a comment or a text flag (Node 20). So the frame is
 * checked here, and zlib gets the raw deflate data only. Memory use does not depend on the size of the file.
 */
import fs from 'node:fs';
import { pipeline } from 'node:stream/promises';
import zlib from 'node:zlib';
import { UpdateError, errnoOf, mismatch } from '../../core/errors.ts';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const CHUNK_BYTES = 64 * 1024;
const TRAILER_BYTES = 8;
const HEADER_BYTES = 10;
const HEADER_MAX_BYTES = 512;
const FLAG_NAME = 0x08;

export interface GunzipOptions {
  /** What messages call the file. */
  what: string;
  /** More unpacked bytes than this are refused, so that a bomb costs no more than they do. */
  maxBytes: number;
  signal?: AbortSignal | undefined;
  /** Told about the compressed bytes read so far, and how many there are. */
  onProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined;
}

/**
 * Hands the unpacked bytes to `consume`, which must read all of them. Resolves with its result once the frame is found
 * intact; whatever happens, `consume` has ended before this settles, so nothing is done late.
 * Throws BUNDLE_INVALID for anything but one intact member within the limit, CANCELLED after an abort.
 */
export async function gunzipFile<T>(path: string, options: GunzipOptions, consume: (source: AsyncIterable<Buffer>) => Promise<T>): Promise<T> {
  const fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const member: Member = { options, frame: readFrame(fd, options.what), inflate: zlib.createInflateRaw({ chunkSize: CHUNK_BYTES }), intact: false };
    const consumers: Promise<T>[] = [];
    const consumer = (source: AsyncIterable<Buffer>): Promise<T> => {
      const running = consume(checked(source, member));
      consumers.push(running);
      return running;
    };
    try {
      const result = await pipeline(readRange(fd, member.frame), member.inflate, consumer, pipelineOptions(options.signal));
      if (!member.intact) throw new UpdateError('INTERNAL', `${options.what} was not read to its end`);
      return result;
    } catch (error) {
      await Promise.allSettled(consumers);
      throw explained(error, options);
    }
  } finally {
    fs.closeSync(fd);
  }
}

interface Frame {
  start: number;
  end: number;
  totalBytes: number;
  crc: number;
  length: number;
}

function readFrame(fd: number, what: string): Frame {
  const stat = fs.fstatSync(fd);
  if (!stat.isFile()) throw new UpdateError('BUNDLE_INVALID', `${what} is not a regular file`);
  const head = readAt(fd, 0, HEADER_MAX_BYTES);
  if (head.length < HEADER_BYTES || head[0] !== 0x1f || head[1] !== 0x8b || head[2] !== 8) {
    throw new UpdateError('BUNDLE_INVALID', `${what} is not a gzip file`);
  }
  const flags = head[3] ?? 0;
  if ((flags & ~FLAG_NAME) !== 0) {
    throw new UpdateError('BUNDLE_INVALID', `${what} has gzip header flags 0x${flags.toString(16)}, only a file name is allowed`);
  }
  const start = flags === 0 ? HEADER_BYTES : head.indexOf(0, HEADER_BYTES) + 1;
  const end = stat.size - TRAILER_BYTES;
  if (start < HEADER_BYTES || end <= start) throw new UpdateError('BUNDLE_INVALID', `${what} ends inside its gzip header`);
  const trailer = readAt(fd, end, TRAILER_BYTES);
  return { start, end, totalBytes: stat.size, crc: trailer.readUInt32LE(0), length: trailer.readUInt32LE(4) };
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, fs.readSync(fd, buffer, 0, length, position));
}

/** A fresh buffer for each chunk: zlib reads it in another thread after it was handed over. */
function* readRange(fd: number, { start, end }: Frame): Generator<Buffer> {
  for (let position = start; position < end;) {
    const chunk = readAt(fd, position, Math.min(CHUNK_BYTES, end - position));
    if (chunk.length === 0) return;
    position += chunk.length;
    yield chunk;
  }
}

interface Member {
  options: GunzipOptions;
  frame: Frame;
  inflate: zlib.InflateRaw;
  intact: boolean;
}

/** Passes the unpacked bytes on, within the limit; the end of them is only the end if the frame around them is intact. */
async function* checked(source: AsyncIterable<Buffer>, member: Member): AsyncGenerator<Buffer> {
  const { options, frame, inflate } = member;
  let bytes = 0;
  let crc = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > options.maxBytes) {
      throw new UpdateError('BUNDLE_INVALID', `${options.what} unpacks to more than the ${String(options.maxBytes)} bytes that are allowed`);
    }
    crc = zlib.crc32(chunk, crc);
    options.onProgress?.(frame.start + inflate.bytesWritten, frame.totalBytes);
    yield chunk;
    if (options.signal?.aborted === true) throw cancelled(options.what);
  }
  const excess = frame.end - frame.start - inflate.bytesWritten;
  if (excess !== 0) throw new UpdateError('BUNDLE_INVALID', `${options.what} has ${String(excess)} bytes after the end of its gzip data`);
  if (crc !== frame.crc) throw new UpdateError('BUNDLE_INVALID', mismatch(`crc of ${options.what}`, frame.crc, crc));
  if (bytes % 2 ** 32 !== frame.length) throw new UpdateError('BUNDLE_INVALID', mismatch(`unpacked length of ${options.what}`, frame.length, bytes));
  member.intact = true;
  options.onProgress?.(frame.totalBytes, frame.totalBytes);
}

function pipelineOptions(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function cancelled(what: string): UpdateError {
  return new UpdateError('CANCELLED', `cancelled while reading ${what}`);
}

function explained(error: unknown, options: GunzipOptions): unknown {
  if (options.signal?.aborted === true) return cancelled(options.what);
  if (errnoOf(error)?.startsWith('Z_') === true && error instanceof Error) {
    return new UpdateError('BUNDLE_INVALID', `${options.what} is not valid gzip data: ${error.message}`, { cause: error });
  }
  return error;
}
