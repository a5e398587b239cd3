import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { DownloadRequest } from '../../../../lib/io/http/download-request.ts';
import { BUNDLE, DONE, downloadBed } from '../../../helpers/download-bed.ts';
import { matching } from '../../../helpers/matchers.ts';
import type { Answer } from '../../../helpers/release-server.ts';
import { gate, releaseServer } from '../../../helpers/release-server.ts';

const bed = downloadBed();
const UNKNOWN = { sizeBytes: null, sha256: null };

describe('a good server', () => {
  it.each<[string, Answer, Partial<DownloadRequest>]>([
    ['size-and-digest-known', { body: BUNDLE, etag: '"1"' }, {}],
    ['chunked', { body: BUNDLE, chunked: true }, {}],
    ['until-the-end-of-the-connection', { body: BUNDLE, untilClose: true }, {}],
    ['nothing-known', { body: BUNDLE }, UNKNOWN],
    ['size-only', { body: BUNDLE }, { sha256: null }],
    ['digest-only', { body: BUNDLE }, { sizeBytes: null }],
    ['exactly-as-large-as-allowed', { body: BUNDLE }, { ...UNKNOWN, maxBytes: BUNDLE.length }],
    ['encoding-identity', { body: BUNDLE, headers: { 'content-encoding': 'identity' } }, {}],
    ['encoding-that-is-only-a-label', { body: BUNDLE, headers: { 'content-encoding': 'gzip' } }, {}],
    ['encoding-of-the-file-itself', { body: BUNDLE, headers: { 'content-encoding': 'x-gzip', 'content-type': 'application/x-tar' } }, UNKNOWN],
    ['encoding-that-is-none', { body: BUNDLE, headers: { 'content-encoding': 'br' } }, { sha256: null }],
  ])('%s', async (_name, answer, options) => {
    bed.server().at('/bundle', answer);
    expect(await bed.get(options)).toEqual({ received: BUNDLE.length, resumed: 0 });
    expect(bed.files()).toEqual(DONE);
  });

  it('gives an empty file', async () => {
    bed.server().at('/bundle', { body: '' });
    expect(await bed.get(UNKNOWN)).toEqual({ received: 0, resumed: 0 });
    expect(bed.files()).toEqual({ bundle: '' });
  });

  it('is asked plainly, once', async () => {
    bed.server().at('/bundle', { body: BUNDLE });
    await bed.get();
    expect(bed.server().requests).toHaveLength(1);
    expect(bed.server().requests[0]).toMatchObject({ method: 'GET', headers: { 'accept-encoding': 'identity', 'user-agent': 'pikit-update/test' } });
    expect(bed.server().requests[0]?.headers).not.toHaveProperty('range');
  });

  it('is followed: progress grows up to the whole', async () => {
    bed.server().at('/bundle', { body: BUNDLE });
    const seen: number[] = [];
    await bed.get({
      onProgress: (bytes, total, rate) => {
        expect([total, Number.isInteger(rate)]).toEqual([BUNDLE.length, true]);
        seen.push(bytes);
      },
    });
    expect(seen.at(-1)).toBe(BUNDLE.length);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });
});

describe('a bad server', () => {
  it.each<[string, Answer, Partial<DownloadRequest>, string, RegExp]>([
    ['gone', { status: 404 }, {}, 'NOT_FOUND', /HTTP 404/],
    ['forbidden', { status: 403 }, {}, 'HTTP_STATUS', /HTTP 403/],
    ['not-modified', { status: 304 }, {}, 'HTTP_STATUS', /HTTP 304/],
    ['broken', { status: 502, body: 'x'.repeat(100_000) }, {}, 'SERVER_ERROR', /HTTP 502/],
    ['range-not-asked-for', { status: 416 }, {}, 'HTTP_STATUS', /HTTP 416/],
    ['part-not-asked-for', { status: 206, body: BUNDLE, headers: { 'content-range': 'bytes 5-9/10' } }, {}, 'HTTP_STATUS', /HTTP 206/],
    ['another-size', { body: BUNDLE.subarray(1) }, {}, 'SIZE_MISMATCH', /expected 200000, got 199999/],
    ['too-much-in-chunks', { body: Buffer.concat([BUNDLE, BUNDLE]), chunked: true }, {}, 'SIZE_MISMATCH', /expected 200000, got \d+ or more/],
    ['more-than-allowed', { body: BUNDLE }, { ...UNKNOWN, maxBytes: BUNDLE.length - 1 }, 'RESPONSE_TOO_LARGE', /more than 199999 bytes/],
    ['endless-body', { endless: 'body' }, UNKNOWN, 'RESPONSE_TOO_LARGE', /more than 1000000 bytes/],
    ['endless-body-of-known-size', { endless: 'body' }, {}, 'SIZE_MISMATCH', /or more/],
    [
      'other-bytes',
      { body: Buffer.from(BUNDLE.toReversed()) },
      {},
      'DIGEST_MISMATCH',
      /sha256 of the bundle mismatch: expected [0-9a-f]{64}, got [0-9a-f]{64}/,
    ],
    ['captive-portal', { body: '<html>', headers: { 'content-type': 'text/html' } }, {}, 'CAPTIVE_PORTAL', /sent a web page instead of the bundle/],
    ['captive-portal-of-unknown-size', { body: '<html>', chunked: true }, UNKNOWN, 'CAPTIVE_PORTAL', /something between this device and the server/],
    [
      'captive-portal-with-a-label-only',
      { body: 'log in', headers: { 'content-type': 'text/html; charset=utf-8' } },
      {},
      'CAPTIVE_PORTAL',
      /a web page/,
    ],
    ['network-login-wanted', { status: 511, body: '<html>' }, {}, 'CAPTIVE_PORTAL', /HTTP 511/],
    ['no-archive', { body: BUNDLE }, { isGzip: true }, 'DIGEST_MISMATCH', /something other than a gzip archive/],
    ['no-archive-of-unknown-digest', { body: BUNDLE }, { sha256: null, isGzip: true }, 'BUNDLE_INVALID', /something other than a gzip archive/],
    [
      'no-archive-in-pieces',
      { body: BUNDLE, chunked: true, after: { bytes: 1, then: 'end' } },
      { ...UNKNOWN, isGzip: true },
      'SERVER_UNREACHABLE',
      /./,
    ],
    [
      'gzip-bomb',
      { body: zlib.gzipSync(Buffer.alloc(20_000_000)), headers: { 'content-encoding': 'gzip' } },
      {},
      'HTTP_PROTOCOL',
      /content encoding 'gzip'/,
    ],
    [
      'encoded-once-more',
      { body: zlib.gzipSync(BUNDLE), headers: { 'content-encoding': 'gzip' }, chunked: true },
      {},
      'HTTP_PROTOCOL',
      /content encoding 'gzip', which was not requested: the connection ended early/,
    ],
    [
      'encoded-once-more-and-of-that-size',
      { body: Buffer.from(BUNDLE.toReversed()), headers: { 'content-encoding': 'br' } },
      {},
      'HTTP_PROTOCOL',
      /content encoding 'br', which was not requested: sha256 of the bundle mismatch/,
    ],
    ['endless-headers', { endless: 'headers' }, {}, 'HTTP_PROTOCOL', /UND_ERR_HEADERS_OVERFLOW/],
    ['garbage-status-line', { raw: 'HELLO\r\n\r\n' }, {}, 'HTTP_PROTOCOL', /HPE_/],
    [
      'two-content-lengths',
      { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab' },
      {},
      'SERVER_UNREACHABLE',
      /UND_ERR_RES_CONTENT_LENGTH_MISMATCH/,
    ],
    [
      'length-and-chunks',
      { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n' },
      {},
      'SERVER_UNREACHABLE',
      /UND_ERR_RES_CONTENT_LENGTH_MISMATCH/,
    ],
    ['closed-before-the-headers', { raw: '' }, {}, 'SERVER_UNREACHABLE', /./],
  ])('%s: nothing is left', async (_name, answer, options, code, says) => {
    bed.server().at('/bundle', answer);
    await expect(bed.get(options)).rejects.toMatchObject({ code, message: matching(says) });
    expect(bed.files()).toEqual({});
  });

  it.each<[string, Answer, Partial<DownloadRequest>]>([
    ['shorter-than-declared', { body: BUNDLE, after: { bytes: 5000, then: 'end' } }, {}],
    ['chunks-cut-off', { body: BUNDLE, chunked: true, after: { bytes: 5000, then: 'end' } }, {}],
    ['end-too-early', { body: BUNDLE.subarray(0, 5000), untilClose: true }, {}],
    ['shorter-than-declared-nothing-known', { body: BUNDLE, after: { bytes: 5000, then: 'end' } }, UNKNOWN],
    ['chunks-cut-off-nothing-known', { body: BUNDLE, chunked: true, after: { bytes: 5000, then: 'end' } }, UNKNOWN],
  ])('%s: what came is kept for the next try', async (_name, answer, options) => {
    bed.server().at('/bundle', { ...answer, etag: '"1"' });
    await expect(bed.get(options)).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    expect(bed.files()).toMatchObject({
      'bundle.partial': BUNDLE.toString('latin1', 0, 5000),
      'bundle.partial.json': matching(/"validator":"\\"1\\""/),
    });
    expect(bed.files()).not.toHaveProperty('bundle');
  });

  it('resets: what came is a beginning of it', async () => {
    bed.server().at('/bundle', { body: BUNDLE, after: { bytes: 5000, then: 'reset' } });
    await expect(bed.get()).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    expect(BUNDLE.toString('latin1').startsWith(bed.files()['bundle.partial'] ?? '')).toBe(true);
    expect(bed.files()).not.toHaveProperty('bundle');
  });

  it('that sends more than it declares is cut there, and no byte more is believed', async () => {
    bed.server().at('/bundle', { body: BUNDLE, declare: 50 });
    expect(await bed.get(UNKNOWN)).toEqual({ received: 50, resumed: 0 });
    await expect(bed.get()).rejects.toMatchObject({ code: 'SIZE_MISMATCH' });
  });

  it('may say when to come back', async () => {
    bed.server().at('/bundle', { status: 503, headers: { 'retry-after': '999999' } });
    await expect(bed.get()).rejects.toMatchObject({ code: 'SERVER_ERROR', retryAfterMs: 86_400_000, hint: matching('try again in 24 h') });
  });

  it('is not there', async () => {
    await bed.server().close();
    await expect(bed.get()).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE', message: matching('ECONNREFUSED') });
  });
});

describe('redirects', () => {
  it('are followed, with the range', async () => {
    bed.server().at('/bundle', { status: 302, headers: { location: '/moved' } });
    bed.server().at('/moved', { body: BUNDLE, etag: '"1"' });
    bed.leavePartial(BUNDLE.subarray(0, 1000), '"1"');
    expect(await bed.get()).toEqual({ received: BUNDLE.length - 1000, resumed: 1000 });
    expect(bed.server().requests.map(({ url, headers }) => [url, headers.range])).toEqual([
      ['/bundle', 'bytes=1000-'],
      ['/moved', 'bytes=1000-'],
    ]);
    expect(bed.files()).toEqual(DONE);
  });

  it('take the headers of a request along on the same origin, and never to another one', async () => {
    const other = await releaseServer();
    try {
      other.at('/asset', { body: BUNDLE });
      bed.server().at('/bundle', { status: 302, headers: { location: '/same' } });
      bed.server().at('/same', { status: 302, headers: { location: other.url('/asset').href } });
      await bed.get({ headers: { authorization: 'token secret' } });
      expect(bed.server().requests.map(({ headers }) => headers.authorization)).toEqual(['token secret', 'token secret']);
      expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    } finally {
      await other.close();
    }
  });

  it.each<[string, string | undefined]>([
    ['loop', '/bundle'],
    ['file', 'file:///etc/passwd'],
    ['nowhere', undefined],
    ['unparsable', 'http://'],
  ])('are refused: %s', async (_name, location) => {
    bed.server().at('/bundle', { status: 302, headers: location === undefined ? {} : { location } });
    await expect(bed.get()).rejects.toMatchObject({ code: 'REDIRECT_REFUSED' });
    expect(bed.files()).toEqual({});
  });
});

describe('the end before the end', () => {
  const stalled = (sent: () => void): Answer => ({ body: BUNDLE, etag: '"1"', after: { bytes: 5000, then: 'wait', until: gate().opened, sent } });

  it('is CANCELLED when it is cancelled, and what came stays', async () => {
    const cancel = new AbortController();
    bed.server().at(
      '/bundle',
      stalled(() => undefined),
    );
    const options = {
      signal: cancel.signal,
      onProgress: (bytes: number) => {
        if (bytes === 5000) cancel.abort();
      },
    };
    await expect(bed.get(options)).rejects.toMatchObject({ code: 'CANCELLED', hint: matching('the next start resumes it') });
    expect(bed.files()).toMatchObject({ 'bundle.partial': BUNDLE.toString('latin1', 0, 5000) });
  });

  it('is CANCELLED when it was cancelled before', async () => {
    await expect(bed.get({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(bed.files()).toEqual({});
  });

  it('is DEADLINE when time is up, and what came stays', async () => {
    bed.server().at(
      '/bundle',
      stalled(() => undefined),
    );
    await expect(bed.get({ deadlineMs: 300 })).rejects.toMatchObject({ code: 'DEADLINE', message: 'downloading the bundle took longer than 0.3 s' });
    expect(bed.files()).toMatchObject({ 'bundle.partial': BUNDLE.toString('latin1', 0, 5000) });
  });

  it('is DEADLINE when not even headers came', async () => {
    bed.server().at('/bundle', { silent: true });
    await expect(bed.get({ deadlineMs: 100 })).rejects.toMatchObject({ code: 'DEADLINE' });
  });
});
