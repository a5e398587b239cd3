import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import zlib from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UpdateError } from '../../../../lib/core/errors.ts';
import type { DocumentAnswer, DocumentRequest } from '../../../../lib/io/http/document.ts';
import { getDocument } from '../../../../lib/io/http/document.ts';
import type { AnswerHead } from '../../../../lib/io/http/request.ts';
import { matching } from '../../../helpers/matchers.ts';
import type { Answer, ReleaseServer } from '../../../helpers/release-server.ts';
import { gate, releaseServer } from '../../../helpers/release-server.ts';

const BODY = JSON.stringify({ version: '1.4.0', notes: 'x'.repeat(500) });
const MODIFIED = 'Fri, 20 Nov 2026 10:00:00 GMT';

let server: ReleaseServer;
beforeEach(async () => {
  server = await releaseServer();
});
afterEach(async () => {
  await server.close();
});

function get(url: URL, options: Partial<DocumentRequest> = {}): Promise<DocumentAnswer> {
  return getDocument(url, {
    what: 'the manifest',
    maxBytes: 10_000,
    timeoutMs: 20_000,
    signal: new AbortController().signal,
    validators: null,
    userAgent: 'pikit-update/test',
    ...options,
  });
}

async function getFrom(answer: Answer, options: Partial<DocumentRequest> = {}): Promise<DocumentAnswer> {
  server.at('/manifest.json', answer);
  return get(server.url('/manifest.json'), options);
}

describe('a good server', () => {
  it('gives the bytes and both validators', async () => {
    expect(await getFrom({ body: BODY, etag: 'W/"1"', lastModified: MODIFIED })).toEqual({
      is: 'new',
      bytes: Buffer.from(BODY),
      etag: 'W/"1"',
      lastModified: MODIFIED,
      date: null,
    });
  });

  it('tells its own time', async () => {
    expect(await getFrom({ body: BODY, headers: { date: MODIFIED } })).toMatchObject({ date: MODIFIED });
  });

  it('is asked past the caches on the way where the answer of now is wanted', async () => {
    await getFrom({ body: BODY }, { isFresh: true });
    expect(server.requests[0]?.headers).toMatchObject({ 'cache-control': 'no-cache' });
  });

  it('is never asked by a date', async () => {
    await getFrom({ body: BODY, lastModified: MODIFIED }, { validators: { etag: null, lastModified: MODIFIED } });
    expect(server.requests[0]?.headers).not.toHaveProperty('if-modified-since');
  });

  it('is asked plainly, once', async () => {
    await getFrom({ body: BODY });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      method: 'GET',
      url: '/manifest.json',
      headers: { 'accept-encoding': 'gzip', 'user-agent': 'pikit-update/test', connection: 'close', accept: 'application/json' },
    });
    expect(server.requests[0]?.headers).not.toHaveProperty('if-none-match');
    expect(server.requests[0]?.headers).not.toHaveProperty('if-modified-since');
  });

  it.each<[string, Answer]>([
    ['empty', { body: '' }],
    ['chunked', { body: BODY, chunked: true }],
    ['until-the-end-of-the-connection', { body: BODY, untilClose: true }],
    ['encoding-identity', { body: BODY, headers: { 'content-encoding': 'identity' } }],
    ['exactly-as-large-as-allowed', { body: 'x'.repeat(10_000) }],
  ])('answers %s', async (_name, answer) => {
    expect(await getFrom(answer)).toMatchObject({ is: 'new', bytes: Buffer.from(answer.body ?? '') });
  });

  it('is found by name too, whatever address it has', async () => {
    server.at('/m', { body: BODY });
    const url = server.url('/m');
    url.hostname = 'localhost';
    expect(await get(url)).toMatchObject({ is: 'new' });
  });
});

describe('conditional requests', () => {
  it.each([
    ['etag', { etag: '"1"', lastModified: null }, { 'if-none-match': '"1"' }],
    ['weak-etag', { etag: 'W/"1"', lastModified: null }, { 'if-none-match': 'W/"1"' }],
    ['etag-before-date', { etag: '"1"', lastModified: MODIFIED }, { 'if-none-match': '"1"' }],
  ])('learns that nothing changed, by %s', async (_name, validators, headers) => {
    const { etag, lastModified } = validators;
    const answer: Answer = { body: BODY, etag, ...(lastModified === null ? {} : { lastModified }) };
    expect(await getFrom(answer, { validators })).toEqual({ is: 'unchanged' });
    expect(server.requests[0]?.headers).toMatchObject(headers);
  });

  it('learns that it changed', async () => {
    expect(await getFrom({ body: BODY, etag: '"2"' }, { validators: { etag: '"1"', lastModified: null } })).toMatchObject({ is: 'new', etag: '"2"' });
  });

  it('does not take 304 for an answer to a question that was not asked', async () => {
    await expect(getFrom({ status: 304 })).rejects.toMatchObject({ code: 'HTTP_STATUS' });
  });
});

describe('a bad server', () => {
  it.each<[string, Answer, string, RegExp]>([
    ['gone', { status: 404 }, 'NOT_FOUND', /HTTP 404/],
    ['forbidden', { status: 403 }, 'HTTP_STATUS', /HTTP 403/],
    ['wants-login', { status: 401 }, 'HTTP_STATUS', /HTTP 401/],
    ['no-content', { status: 204 }, 'HTTP_STATUS', /HTTP 204/],
    ['part', { status: 206, body: BODY }, 'HTTP_STATUS', /HTTP 206/],
    ['broken', { status: 500, body: 'x'.repeat(1_000_000) }, 'SERVER_ERROR', /HTTP 500/],
    ['too-many-requests', { status: 429 }, 'SERVER_ERROR', /HTTP 429/],
    ['longer-than-declared', { body: BODY, declare: 50 }, 'HTTP_PROTOCOL', /HPE_/],
    ['shorter-than-declared', { body: BODY, after: { bytes: 50, then: 'end' } }, 'SERVER_UNREACHABLE', /./],
    ['reset-in-the-middle', { body: BODY, after: { bytes: 50, then: 'reset' } }, 'SERVER_UNREACHABLE', /./],
    ['chunks-cut-off', { body: BODY, chunked: true, after: { bytes: 50, then: 'end' } }, 'SERVER_UNREACHABLE', /./],
    ['reset-before-the-headers', { raw: '' }, 'SERVER_UNREACHABLE', /./],
    [
      'declares-too-much',
      { body: 'x', declare: 10_001, after: { bytes: 1, then: 'end' } },
      'RESPONSE_TOO_LARGE',
      /10001 bytes or more, at most 10000 are allowed/,
    ],
    ['too-much-in-chunks', { body: 'x'.repeat(10_001), chunked: true }, 'RESPONSE_TOO_LARGE', /10000 are allowed/],
    ['endless-body', { endless: 'body' }, 'RESPONSE_TOO_LARGE', /10000 are allowed/],
    ['endless-headers', { endless: 'headers' }, 'HTTP_PROTOCOL', /HPE_HEADER_OVERFLOW/],
    ['garbage-status-line', { raw: 'HELLO\r\n\r\n' }, 'HTTP_PROTOCOL', /HPE_/],
    ['two-content-lengths', { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab' }, 'HTTP_PROTOCOL', /HPE_/],
    [
      'length-and-chunks',
      { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n' },
      'HTTP_PROTOCOL',
      /HPE_/,
    ],
    ['length-not-a-number', { raw: 'HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nab' }, 'HTTP_PROTOCOL', /HPE_/],
    ['other-protocol', { raw: 'SSH-2.0-OpenSSH_9.2\r\n' }, 'HTTP_PROTOCOL', /HPE_/],
    [
      'gzip-bomb',
      { body: zlib.gzipSync(Buffer.alloc(20_000_000)).subarray(0, 9000), headers: { 'content-encoding': 'gzip' } },
      'RESPONSE_TOO_LARGE',
      /more than 10000 bytes when decoded \(content encoding 'gzip'\)/,
    ],
    ['brotli', { body: 'x', headers: { 'content-encoding': 'br' } }, 'HTTP_PROTOCOL', /content encoding 'br'/],
  ])('%s', async (_name, answer, code, says) => {
    await expect(getFrom(answer)).rejects.toMatchObject({ code, message: matching(says) });
  });

  it.each([
    ['seconds', '900', 900_000],
    ['clamped', '999999', 86_400_000],
    ['nonsense', 'soon', null],
  ])('may say when to come back: %s', async (_name, header, retryAfterMs) => {
    await expect(getFrom({ status: 503, headers: { 'retry-after': header } })).rejects.toMatchObject({ code: 'SERVER_ERROR', retryAfterMs });
  });

  it.each<[string, Answer]>([
    ['before-the-headers', { silent: true }],
    ['in-the-middle', { body: BODY, after: { bytes: 50, then: 'wait', until: gate().opened } }],
  ])('that says nothing more is left at the deadline: %s', async (_name, answer) => {
    await expect(getFrom(answer, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: matching('did not send the manifest within 0.05 s'),
    });
  });

  it('ends as soon as it is cancelled', async () => {
    const cancel = new AbortController();
    const answer: Answer = {
      body: BODY,
      after: {
        bytes: 50,
        then: 'wait',
        until: gate().opened,
        sent: () => {
          cancel.abort();
        },
      },
    };
    await expect(getFrom(answer, { signal: cancel.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
    await expect(getFrom({ body: BODY }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('no server', () => {
  it.each([
    ['unknown-name', 'http://updates.invalid/m', 'OFFLINE'],
    ['no-listener', 'http://127.0.0.1:1/m', 'SERVER_UNREACHABLE'],
    ['not-a-protocol-of-ours', 'ftp://127.0.0.1/m', 'SERVER_UNREACHABLE'],
  ])('%s', async (_name, url, code) => {
    await expect(get(new URL(url))).rejects.toMatchObject({ code });
  });
});

describe('redirects', () => {
  const to = (location: string, status = 302): Answer => ({ status, headers: { location }, body: 'moved' });

  it.each([301, 302, 303, 307, 308])('are followed: %i', async (status) => {
    server.at('/new', { body: BODY });
    expect(await getFrom(to('/new', status))).toMatchObject({ is: 'new' });
    expect(server.requests.map(({ url }) => url)).toEqual(['/manifest.json', '/new']);
  });

  it('are followed three times, with the conditions of the request', async () => {
    server.at('/1', to('/2'));
    server.at('/2', to('/3'));
    server.at('/3', { body: BODY, etag: '"1"' });
    expect(await getFrom(to('/1'), { validators: { etag: '"1"', lastModified: null } })).toEqual({ is: 'unchanged' });
  });

  it.each<[string, string]>([
    ['loop', '/manifest.json'],
    ['file', 'file:///etc/passwd'],
    ['other-protocol', 'gopher://127.0.0.1/'],
    ['nowhere', 'http://'],
  ])('are refused: %s', async (_name, location) => {
    await expect(getFrom(to(location))).rejects.toMatchObject({ code: 'REDIRECT_REFUSED' });
    expect(server.requests.length).toBe(location === '/manifest.json' ? 4 : 1);
  });

  it('take the headers of a request along on the same origin, and never to another one', async () => {
    const other = await releaseServer();
    try {
      other.at('/asset', { body: BODY });
      server.at('/same', to(other.url('/asset').href));
      await getFrom(to('/same'), { headers: { authorization: 'token secret' } });
      expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['token secret', 'token secret']);
      expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    } finally {
      await other.close();
    }
  });

  it('are refused without a location', async () => {
    await expect(getFrom({ status: 302 })).rejects.toMatchObject({ code: 'REDIRECT_REFUSED' });
  });
});

describe('a caller that knows better what an answer means', () => {
  it('sees its status and headers first, and not those of a redirect', async () => {
    const seen: string[] = [];
    server.at('/new', { status: 404, headers: { 'x-why': 'because' } });
    const inspect = ({ status, header }: AnswerHead): void => {
      seen.push(`${String(status)} ${String(header('x-why'))} ${String(header('x-none'))}`);
      throw new UpdateError('BUSY', 'mine');
    };
    await expect(getFrom({ status: 302, headers: { location: '/new' } }, { inspect })).rejects.toMatchObject({ code: 'BUSY', message: 'mine' });
    expect(seen).toEqual(['404 because null']);
  });

  it('may have nothing to say', async () => {
    await expect(getFrom({ status: 404 }, { inspect: () => undefined })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('a file of this device', () => {
  it('is read as it is, by its address only, never by a redirect', async () => {
    const file = pathToFileURL(import.meta.filename);
    expect(await get(file, { maxBytes: 100_000 })).toEqual({ is: 'new', bytes: readFileSync(file), etag: null, lastModified: null, date: null });
    await expect(getFrom({ status: 302, headers: { location: file.href } })).rejects.toMatchObject({ code: 'REDIRECT_REFUSED' });
    await expect(get(file, { maxBytes: 10 })).rejects.toMatchObject({ code: 'RESPONSE_TOO_LARGE' });
  });
});
