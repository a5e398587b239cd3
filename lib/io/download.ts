/**
 * One large file by undici, resumable, into `<file>.partial`; only verified bytes lose that suffix. Limits on everything:
 * size, total time, a slowest and a fastest rate. `<file>.partial.json` says what the partial bytes are a part of.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { Agent } from 'undici';
import { request } from 'undici';
import { UpdateError, mismatch } from '../core/errors.ts';
import { networkError, redirectTarget, statusError } from '../core/network-errors.ts';
import { rangeHeaders, rangeValidator, resumeAt } from '../core/resume.ts';
import { retryAfterMs } from '../core/retry-after.ts';
import type { Valve } from './download-agent.ts';
import { BODY_BUFFER_BYTES, downloadAgent } from './download-agent.ts';
import { accept, tooLarge } from './download-verdict.ts';
import { copyLocalFile } from './local-copy.ts';
import { dropPartial, hashOfPrefix, keepPartial, openPartial, partialSize, readFacts, writeAll } from './partial-file.ts';
import { RateGuard } from './rate-guard.ts';

export interface DownloadRequest {
  what: string;
  file: string;
  /** Known from the manifest; without it `maxBytes` is the only limit and every file's own hash is checked later. */
  sizeBytes: number | null;
  sha256: string | null;
  maxBytes: number;
  deadlineMs: number;
  minRate: number;
  /** Bytes per second; 0 is as fast as it goes. */
  maxRate: number;
  signal: AbortSignal;
  userAgent: string;
  /** For the origin of the address alone: a redirect to another one gets none of them. */
  headers?: Readonly<Record<string, string>>;
  onProgress: (bytes: number, total: number | null, ratePerS: number) => void;
}

export interface Downloaded {
  /** Bytes that came over the network in this attempt, without headers. */
  received: number;
  /** Bytes that were there from an earlier attempt. */
  resumed: number;
}

/** What one transfer works with: its limits, and the connection that they apply to. */
interface Tools {
  guard: RateGuard;
  signal: AbortSignal;
  agent: Agent;
  valve: Valve;
}

/**
 * Downloads `url` to `request.file`, or copies it when it is a file: address. On failure the partial bytes stay for the next attempt, unless they are known to be wrong.
 * Throws network and status codes, RESPONSE_TOO_LARGE, TOO_SLOW, DEADLINE, CANCELLED, SIZE_MISMATCH, DIGEST_MISMATCH;
 * errors of the disk (ENOSPC and the like) come out as they are.
 */
export async function download(url: URL, options: DownloadRequest): Promise<Downloaded> {
  const deadline = AbortSignal.timeout(options.deadlineMs);
  const guard = new RateGuard(options.minRate, options.maxRate);
  const signal = AbortSignal.any([options.signal, deadline, guard.tooSlow]);
  const { agent, valve } = downloadAgent(options.maxRate > 0);
  try {
    // No redirect leads to a file: only the owner of the device can have written such an address.
    if (url.protocol === 'file:') return await copyLocalFile(url, options, { guard, signal });
    return await transfer(url, options, { guard, signal, agent, valve });
  } catch (error) {
    if (options.signal.aborted)
      throw new UpdateError('CANCELLED', `the download of ${options.what} was cancelled`, {
        cause: error,
        hint: 'it goes on where it stopped when you start it again',
      });
    if (guard.tooSlow.aborted) {
      throw new UpdateError('TOO_SLOW', `${options.what} came slower than ${String(options.minRate)} bytes per second for 30 s`, {
        hint: 'the line or the server is too slow: it goes on where it stopped next time, or lower limits.download_min_rate',
        cause: error,
      });
    }
    if (deadline.aborted) {
      throw new UpdateError('DEADLINE', `${options.what} took longer than ${String(options.deadlineMs / 1000)} s`, {
        hint: 'it goes on where it stopped when you start it again; limits.download_timeout sets the limit',
        cause: error,
      });
    }
    throw error;
  } finally {
    guard.stop();
    await agent.destroy();
  }
}

async function transfer(url: URL, options: DownloadRequest, tools: Tools): Promise<Downloaded> {
  const partial = `${options.file}.partial`;
  const size = await usableBytes(partial, options);
  if (size === 'all') return { received: 0, resumed: keepWhole(partial, options) };
  const known = size === 0 ? null : readFacts(partial, { url: url.href, sha256: options.sha256 });
  const have = known === null ? 0 : size;
  const headers = { 'accept-encoding': 'identity', 'user-agent': options.userAgent, ...rangeHeaders(have, known) };
  // Before the request: an answer that comes in must be taken at once.
  const prefix = await hashOfPrefix(partial, have);
  const response = await follow(url, { plain: headers, own: options.headers ?? {} }, tools, options.what);
  const validator = rangeValidator(response.header('etag'), response.header('last-modified'));
  const at = resumeAt({ status: response.status, contentRange: response.header('content-range'), validator }, have, known);
  if (at === 'restart') {
    discard(response.body);
    dropPartial(partial);
    if (have > 0) return transfer(url, options, tools);
    throw statusError(response.status, url, options.what);
  }
  assertIdentity(response, url, options);
  assertSize(response, at, options);

  const hash = at > 0 ? prefix : createHash('sha256');
  const fd = openPartial(partial, at, { url: url.href, validator, sha256: options.sha256 });
  let end = at;
  try {
    for await (const chunk of chunksOf(response.body, url)) {
      if (end + chunk.length > (options.sizeBytes ?? options.maxBytes)) throw tooLarge(options, end + chunk.length);
      writeAll(fd, chunk, end);
      hash.update(chunk);
      end += chunk.length;
      options.onProgress(end, options.sizeBytes, tools.guard.count(chunk.length));
      await tools.guard.throttle(tools.signal, tools.valve);
    }
  } finally {
    discard(response.body);
    fs.closeSync(fd);
  }
  if (options.sizeBytes !== null && end < options.sizeBytes) {
    throw new UpdateError(
      'SERVER_UNREACHABLE',
      `the connection ended early: ${String(end)} of ${String(options.sizeBytes)} bytes of ${options.what} came`,
      { hint: 'it goes on where it stopped when you start it again', subject: url.origin },
    );
  }
  accept(partial, hash.digest('hex'), options);
  return { received: end - at, resumed: at };
}

/** The bytes of a body. What goes wrong in it is the network's fault; what goes wrong with the file is not. */
async function* chunksOf(body: Answer['body'], url: URL): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) if (Buffer.isBuffer(chunk)) yield chunk;
  } catch (error) {
    throw networkError(error, url);
  }
}

/** Bytes to go on from. More than the whole is no part of it; exactly the whole, and right, only missed its check. */
async function usableBytes(partial: string, options: DownloadRequest): Promise<number | 'all'> {
  const size = partialSize(partial);
  if (size === 0 || options.sizeBytes === null || size < options.sizeBytes) return size;
  if (size === options.sizeBytes && (await hashOfPrefix(partial, size)).digest('hex') === options.sha256) return 'all';
  dropPartial(partial);
  return 0;
}

function keepWhole(partial: string, options: DownloadRequest): number {
  const size = partialSize(partial);
  keepPartial(partial, options.file);
  options.onProgress(size, size, 0);
  return size;
}

/** A small encoded body may hide a large one, and the digest is that of the plain bytes. */
function assertIdentity(response: Answer, url: URL, options: DownloadRequest): void {
  const encoding = response.header('content-encoding');
  if (encoding === null || encoding === 'identity') return;
  discard(response.body);
  throw new UpdateError('HTTP_PROTOCOL', `'${url.host}' sent ${options.what} with content encoding '${encoding}', which was not asked for`);
}

/** Ends an answer that nobody wants to read; destroying it reports an abort, which is not news to us. */
function discard(body: Answer['body']): void {
  body.on('error', () => undefined);
  body.destroy();
}

/** What the server says the whole has. A cut connection is worth another try, a file of another size is not. */
function assertSize(response: Answer, at: number, options: DownloadRequest): void {
  const length = response.header('content-length');
  if (options.sizeBytes === null || length === null) return;
  const whole = at + Number(length);
  if (whole === options.sizeBytes) return;
  discard(response.body);
  dropPartial(`${options.file}.partial`);
  throw new UpdateError('SIZE_MISMATCH', mismatch(`size of ${options.what} in bytes`, options.sizeBytes, whole), {
    hint: 'what the server has is not what the manifest names: tell whoever publishes the releases; nothing was changed',
  });
}

interface Answer {
  status: number;
  header: (name: string) => string | null;
  body: Awaited<ReturnType<typeof request>>['body'];
}

async function send(url: URL, headers: Record<string, string>, { signal, agent }: Tools): ReturnType<typeof request> {
  try {
    return await request(url, { method: 'GET', headers, signal, dispatcher: agent, highWaterMark: BODY_BUFFER_BYTES });
  } catch (error) {
    throw networkError(error, url);
  }
}

interface SentHeaders {
  plain: Record<string, string>;
  /** Of the source's own origin. */
  own: Readonly<Record<string, string>>;
}

async function follow(url: URL, headers: SentHeaders, tools: Tools, what: string): Promise<Answer> {
  let at = url;
  for (let hops = 0; ; hops += 1) {
    const response = await send(at, at.origin === url.origin ? { ...headers.own, ...headers.plain } : headers.plain, tools);
    const header = (name: string): string | null => {
      const value = response.headers[name];
      return typeof value === 'string' ? value : null;
    };
    const status = response.statusCode;
    if (status === 200 || status === 206 || status === 416) return { status, header, body: response.body };
    discard(response.body);
    if (status < 300 || status >= 400 || status === 304) throw statusError(status, at, what, retryAfterMs(header('retry-after'), Date.now()));
    at = redirectTarget(at, header('location') ?? undefined, hops);
  }
}
