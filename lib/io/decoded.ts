/**
 * The bytes of a document as they were before a content encoding (RFC 9110 section 8.4) that nobody asked for. Servers add one all
 * the same, and some only its label: bytes that are what they should be are taken as they are.
 */
import { UpdateError, errnoOf } from '../core/errors.ts';
import { isGzip } from '../core/portal.ts';

export interface Encoded {
  bytes: Buffer;
  encoding: string | undefined;
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
    new UpdateError('HTTP_PROTOCOL', `'${host}' sent ${what} with content encoding '${name}', which was not asked for, and it cannot be decoded`, {
      hint: 'switch compression off at the server for what devices read; nothing was changed',
      cause,
    });
  const { brotliDecompressSync, gunzipSync, inflateSync } = await import('node:zlib');
  const decode = isGzipped ? gunzipSync : name === 'br' ? brotliDecompressSync : name === 'deflate' ? inflateSync : null;
  if (decode === null) throw refuse();
  try {
    return decode(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if (errnoOf(error) !== 'ERR_BUFFER_TOO_LARGE') throw refuse(error);
    throw new UpdateError('RESPONSE_TOO_LARGE', `${what} has more than ${String(maxBytes)} bytes once it is decoded (content encoding '${name}')`, {
      cause: error,
    });
  }
}

/** JSON, or a page in its place. */
function looksPlain(bytes: Buffer): boolean {
  return /^(?:\xef\xbb\xbf)?\s*[[{<]/.test(bytes.toString('latin1', 0, 512));
}
