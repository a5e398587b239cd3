/**
 * The body of an answer, within a limit; and the bytes of a document as they were before a content encoding (RFC 9110 section 8.4). gzip is
 * asked for; some servers add another one, and some only its label: bytes that are what they should be are taken as they are.
 */
import { UpdateError, errnoOf } from '../../core/errors.ts';
import { isGzip } from '../../core/network/captive-portal.ts';
import type { ServerAnswer } from './request.ts';
import { discard } from './request.ts';

/** Reads a whole body, and ends the answer. Throws RESPONSE_TOO_LARGE, and SERVER_UNREACHABLE for one that ends early; errors of the connection come out as they are. */
export async function wholeBody({ header, body }: ServerAnswer, url: URL, what: string, maxBytes: number): Promise<Buffer> {
  const tooLarge = (size: number): UpdateError =>
    new UpdateError('RESPONSE_TOO_LARGE', `${what} has ${String(size)} bytes or more, at most ${String(maxBytes)} are allowed`);
  try {
    const length = header('content-length');
    if (Number(length ?? 0) > maxBytes) throw tooLarge(Number(length));
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body) {
      if (!Buffer.isBuffer(chunk)) continue;
      size += chunk.length;
      if (size > maxBytes) throw tooLarge(size);
      chunks.push(chunk);
    }
    if (length === null || size === Number(length)) return Buffer.concat(chunks);
    throw new UpdateError('SERVER_UNREACHABLE', `the connection ended early: received ${String(size)} of ${length} bytes of ${what}`, {
      subject: url.origin,
    });
  } finally {
    discard(body);
  }
}

export interface Encoded {
  bytes: Buffer;
  encoding: string | null;
  /** For messages: `the manifest`. */
  what: string;
  host: string;
  /** Of the document, after decoding: a small body may hide a large one. */
  maxBytes: number;
}

/** Throws RESPONSE_TOO_LARGE, and HTTP_PROTOCOL for an encoding that is unknown or broken. */
export async function decoded({ bytes, encoding, what, host, maxBytes }: Encoded): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity' || name === '' || bytes.length === 0) return bytes;
  const isGzipped = isGzip(bytes);
  if (!isGzipped && looksPlain(bytes)) return bytes;
  const refuse = (cause?: unknown): UpdateError =>
    new UpdateError('HTTP_PROTOCOL', `'${host}' sent ${what} with content encoding '${name}', which cannot be decoded`, {
      hint: 'turn off compression of release files on the server; nothing was changed',
      cause,
    });
  const { brotliDecompressSync, gunzipSync, inflateSync } = await import('node:zlib');
  const decode = isGzipped ? gunzipSync : name === 'br' ? brotliDecompressSync : name === 'deflate' ? inflateSync : null;
  if (decode === null) throw refuse();
  try {
    return decode(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if (errnoOf(error) !== 'ERR_BUFFER_TOO_LARGE') throw refuse(error);
    throw new UpdateError('RESPONSE_TOO_LARGE', `${what} has more than ${String(maxBytes)} bytes when decoded (content encoding '${name}')`, {
      cause: error,
    });
  }
}

/** JSON, or a page in its place. */
function looksPlain(bytes: Buffer): boolean {
  return /^(?:\xef\xbb\xbf)?\s*[[{<]/.test(bytes.toString('latin1', 0, 512));
}
