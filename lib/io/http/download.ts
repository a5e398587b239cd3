/**
 * One large file by undici, resumable, into `<file>.partial`; only verified bytes lose that suffix. Limits on everything:
 * size, total time, a slowest and a fastest rate. `<file>.partial.json` says what the partial bytes are a part of.
 */
import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import type { ErrorCode } from '../../core/errors.ts';
import { UpdateError, mismatch } from '../../core/errors.ts';
import { networkError, statusError } from '../../core/network/network-errors.ts';
import { captivePortal, isGzip, isPageNotGzip } from '../../core/network/captive-portal.ts';
import { rangeHeaders, rangeValidator, resumeAt } from '../../core/network/resume.ts';
import type { Reach } from './download-agent.ts';
import { reachOf } from './download-agent.ts';
import { accept, encodedInstead, tooLarge } from './download-verdict.ts';
import { answerError, follow } from './follow.ts';
import type { AnswerHead, ServerAnswer } from './request.ts';
import { discard } from './request.ts';
import { copyLocalFile } from '../source/local-copy.ts';
import { dropPartial, hashOfPrefix, keepPartial, openPartial, partialSize, readFacts, writeAll } from './partial-file.ts';
import { RateGuard } from './rate-guard.ts';
import { plainWire } from './wire.ts';
import type { Downloaded, DownloadRequest } from './download-request.ts';

/** What one transfer works with: its limits, and the connection that they apply to. */
interface Tools extends Reach {
  guard: RateGuard;
  /** What was there before this attempt, and went into it. */
  resumed: number;
}

/** What bytes that were there from before can be the reason of: another file, a page, a change in between. */
const MAYBE_RESUMED: ReadonlySet<ErrorCode> = new Set(['DIGEST_MISMATCH', 'SIZE_MISMATCH', 'HTTP_PROTOCOL', 'STAGED_INVALID']);

/**
 * Downloads `url` to `request.file`, or copies it when it is a file: address. On failure the partial bytes stay for the next attempt, unless they are known to be wrong.
 * What was resumed and does not verify is fetched anew, once. Throws network, proxy and status codes, CAPTIVE_PORTAL, BUNDLE_INVALID,
 * RESPONSE_TOO_LARGE, TOO_SLOW, DEADLINE, CANCELLED, SIZE_MISMATCH, DIGEST_MISMATCH; errors of the disk (ENOSPC and the like) come out as they are.
 */
export async function download(url: URL, options: DownloadRequest): Promise<Downloaded> {
  const deadline = AbortSignal.timeout(options.deadlineMs);
  const guard = new RateGuard(options.minRate, options.maxRate);
  const signal = AbortSignal.any([options.signal, deadline, guard.tooSlow]);
  const reach = reachOf(options.wire ?? plainWire(process.env), signal, options.maxRate > 0);
  try {
    // No redirect leads to a file: only the owner of the device can have written such an address.
    if (url.protocol === 'file:') return await copyLocalFile(url, options, { guard, signal });
    return await transferOrAnew(url, options, Object.assign(reach, { guard, resumed: 0 }));
  } catch (error) {
    if (options.signal.aborted)
      throw new UpdateError('CANCELLED', `the download of ${options.what} was cancelled`, {
        cause: error,
        hint: 'the next start resumes it',
      });
    if (guard.tooSlow.aborted) {
      throw new UpdateError('TOO_SLOW', `downloading ${options.what} was slower than ${String(options.minRate)} bytes per second for 30 s`, {
        hint: 'the connection or the server is too slow: the next start resumes the download; limits.download_min_rate sets the limit',
        cause: error,
      });
    }
    if (deadline.aborted) {
      throw new UpdateError('DEADLINE', `downloading ${options.what} took longer than ${String(options.deadlineMs / 1000)} s`, {
        hint: 'the next start resumes it; limits.download_timeout sets the limit',
        cause: error,
      });
    }
    throw error;
  } finally {
    guard.stop();
    await reach.agent.destroy();
  }
}

async function transferOrAnew(url: URL, options: DownloadRequest, tools: Tools): Promise<Downloaded> {
  try {
    return await transfer(url, options, tools);
  } catch (error) {
    if (tools.resumed === 0 || !(error instanceof UpdateError) || !MAYBE_RESUMED.has(error.code)) throw error;
    dropPartial(`${options.file}.partial`);
    return await transfer(url, options, tools);
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
  tools.resumed = have;
  const prefix = await hashOfPrefix(partial, have);
  const response = await follow(url, options.what, tools.wire, {
    ask: (at, nearest, isOwn) => tools.ask(at, nearest, isOwn ? { ...options.headers, ...headers } : headers),
    take: (answer, at) => {
      if ([200, 206, 416].includes(answer.status)) return answer;
      throw answerError(answer, at, options.what);
    },
  });
  const validator = rangeValidator(response.header('etag'), response.header('last-modified'));
  const at = resumeAt({ status: response.status, contentRange: response.header('content-range'), validator }, have, known, options.sizeBytes);
  if (at === 'restart') {
    discard(response.body);
    dropPartial(partial);
    if (have > 0) return transfer(url, options, tools);
    throw statusError(response.status, url, options.what);
  }
  tools.resumed = at;
  try {
    const chunks = chunksOf(response.body, url);
    const first = await firstOf(chunks, at > 0 ? 0 : options.isGzip === true ? 2 : 1);
    if (at === 0) assertNoPage(response, first, url, options);
    assertSize(response, at, options);
    if (at === 0) assertArchive(first, url, options);
    const end = await keep(chunks, first, { at, hash: at > 0 ? prefix : createHash('sha256') }, options, tools, { url: url.href, validator });
    return { received: end - at, resumed: at };
  } catch (error) {
    const instead = encodedInstead(error, response, url, options);
    // Encoded bytes are the beginning of nothing.
    if (instead !== error) dropPartial(partial);
    throw instead;
  } finally {
    discard(response.body);
  }
}

/** Writes what comes behind what is there, and verifies the whole. Returns its size. */
async function keep(
  chunks: AsyncGenerator<Buffer>,
  first: Buffer,
  { at, hash }: { at: number; hash: Hash },
  options: DownloadRequest,
  tools: Tools,
  { url, validator }: { url: string; validator: string | null },
): Promise<number> {
  const partial = `${options.file}.partial`;
  const fd = openPartial(partial, at, { url, validator, sha256: options.sha256 });
  let end = at;
  const take = async (chunk: Buffer): Promise<void> => {
    if (end + chunk.length > (options.sizeBytes ?? options.maxBytes)) throw tooLarge(options, end + chunk.length);
    writeAll(fd, chunk, end);
    hash.update(chunk);
    end += chunk.length;
    options.onProgress(end, options.sizeBytes, tools.guard.count(chunk.length));
    await tools.guard.throttle(tools.signal, tools.valve);
  };
  try {
    if (first.length > 0) await take(first);
    for await (const chunk of chunks) await take(chunk);
  } finally {
    fs.closeSync(fd);
  }
  if (options.sizeBytes !== null && end < options.sizeBytes) {
    throw new UpdateError(
      'SERVER_UNREACHABLE',
      `the connection ended early: received ${String(end)} of ${String(options.sizeBytes)} bytes of ${options.what}`,
      { hint: 'the next start resumes it', subject: new URL(url).origin },
    );
  }
  accept(partial, hash.digest('hex'), options);
  return end;
}

/** So many bytes of a body at least, where it has them, to know what it is. */
async function firstOf(chunks: AsyncGenerator<Buffer>, bytes: number): Promise<Buffer> {
  const first: Buffer[] = [];
  while (Buffer.concat(first).length < bytes) {
    const next = await chunks.next();
    if (next.done === true) break;
    first.push(next.value);
  }
  return Buffer.concat(first);
}

/** Before the first byte is kept: a page in the place of the file would be gone on from the next time. */
function assertNoPage(response: AnswerHead, bytes: Buffer, url: URL, { what }: DownloadRequest): void {
  if (bytes.length > 0 && isPageNotGzip({ contentType: response.header('content-type'), bytes })) throw captivePortal(url, what, 'a web page');
}

function assertArchive(bytes: Buffer, url: URL, options: DownloadRequest): void {
  if (options.isGzip !== true || bytes.length === 0 || isGzip(bytes)) return;
  const message = `'${url.host}' sent ${options.what} as something other than a gzip archive`;
  throw new UpdateError(options.sha256 === null ? 'BUNDLE_INVALID' : 'DIGEST_MISMATCH', message, {
    hint: 'if this network requires a login, log in first; otherwise report this to the publisher of the releases; nothing was changed',
  });
}

/** The bytes of a body. What goes wrong in it is the network's fault; what goes wrong with the file is not. */
async function* chunksOf(body: ServerAnswer['body'], url: URL): AsyncGenerator<Buffer> {
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

/** What the server says the whole has. A cut connection is worth another try, a file of another size is not. */
function assertSize(response: AnswerHead, at: number, options: DownloadRequest): void {
  const length = response.header('content-length');
  if (options.sizeBytes === null || length === null) return;
  const whole = at + Number(length);
  if (whole === options.sizeBytes) return;
  dropPartial(`${options.file}.partial`);
  throw new UpdateError('SIZE_MISMATCH', mismatch(`size of ${options.what} in bytes`, options.sizeBytes, whole), {
    hint: 'the bundle on the server does not match the manifest: report this to the publisher of the releases; nothing was changed',
  });
}
