import zlib from 'node:zlib';
import { expect, it } from 'vitest';
import { decoded } from '../../../lib/io/decoded.ts';

const JSON_TEXT = '{"version":"1.4.0"}';
const of = (bytes: Buffer, encoding: string | undefined, maxBytes = 1000): Promise<Buffer> =>
  decoded({ bytes, encoding, what: 'the manifest', host: 'x.org', maxBytes });

it.each([
  ['none', Buffer.from(JSON_TEXT), undefined],
  ['identity', Buffer.from(JSON_TEXT), 'identity'],
  ['gzip', zlib.gzipSync(JSON_TEXT), 'gzip'],
  ['x-gzip', zlib.gzipSync(JSON_TEXT), 'X-Gzip'],
  ['brotli', zlib.brotliCompressSync(JSON_TEXT), 'br'],
  ['deflate', zlib.deflateSync(JSON_TEXT), 'deflate'],
  ['gzip-called-brotli', zlib.gzipSync(JSON_TEXT), 'br'],
  ['gzip-that-is-none', Buffer.from(JSON_TEXT), 'gzip'],
  ['brotli-that-is-none', Buffer.from(JSON_TEXT), 'br'],
  ['unknown-that-is-none', Buffer.from(JSON_TEXT), 'zstd'],
])('%s', async (_name, bytes, encoding) => {
  expect(String(await of(bytes, encoding))).toBe(JSON_TEXT);
});

it.each([
  ['bomb', zlib.gzipSync(Buffer.alloc(20_000_000)), 'gzip', 'RESPONSE_TOO_LARGE'],
  ['brotli-bomb', zlib.brotliCompressSync(Buffer.alloc(2_000_000)), 'br', 'RESPONSE_TOO_LARGE'],
  ['cut-off', zlib.gzipSync(JSON_TEXT).subarray(0, 20), 'gzip', 'HTTP_PROTOCOL'],
  ['unknown', Buffer.from('(\u{b5}/\u{fd}'), 'zstd', 'HTTP_PROTOCOL'],
])('%s is refused', async (_name, bytes, encoding, code) => {
  await expect(of(bytes, encoding)).rejects.toMatchObject({ code });
});
