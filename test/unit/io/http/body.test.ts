import { Readable } from 'node:stream';
import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decoded, wholeBody } from '../../../../lib/io/http/body.ts';

const JSON_TEXT = '{"version":"1.4.0"}';
const of = (bytes: Buffer, encoding: string | null, maxBytes = 1000): Promise<Buffer> =>
  decoded({ bytes, encoding, what: 'the manifest', host: 'x.org', maxBytes });

describe('the body of an answer', () => {
  const reading = async (chunks: readonly string[], length: string | null): Promise<{ text: string; body: Readable }> => {
    const body = Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
    const answer = { status: 200, header: (name: string) => (name === 'content-length' ? length : null), body };
    try {
      return { text: String(await wholeBody(answer, new URL('http://x.org/'), 'the manifest', 10)), body };
    } finally {
      expect(body.destroyed).toBe(true);
    }
  };

  it.each([
    ['of a known length', ['hel', 'lo'], '5'],
    ['that ends with its connection', ['hello'], null],
  ])('is read whole, and ended: one %s', async (_name, chunks, length) => {
    expect((await reading(chunks, length)).text).toBe('hello');
  });

  it.each([
    ['by its length', [], '11', 'RESPONSE_TOO_LARGE'],
    ['by what comes', ['0123456789', 'x'], null, 'RESPONSE_TOO_LARGE'],
    ['shorter than it said', ['hell'], '5', 'SERVER_UNREACHABLE'],
  ])('is refused, and ended: %s', async (_name, chunks, length, code) => {
    await expect(reading(chunks, length)).rejects.toMatchObject({ code });
  });
});

it.each([
  ['none', Buffer.from(JSON_TEXT), null],
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
