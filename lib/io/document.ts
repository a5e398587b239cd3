/**
 * Small documents by conditional request, with node:http alone: the daily check has to be cheap, and loading undici costs
 * more than the whole exchange (its HTTP parser is compiled at the first response).
 */
import http from 'node:http';
import { UpdateError } from '../core/errors.ts';
import type { Nearness } from '../core/local-address.ts';
import { networkError, redirectTarget, statusError } from '../core/network-errors.ts';
import { captivePortal, isPageNotJson } from '../core/portal.ts';
import { proxyAnswer } from '../core/proxy-errors.ts';
import { retryAfterMs } from '../core/retry-after.ts';
import { answerOf } from './answer-of.ts';
import { decoded } from './decoded.ts';
import type { Line } from './dial.ts';
import { dial, requestOn } from './dial.ts';
import { readLocalFile } from './local-file.ts';
import type { Wire } from './wire.ts';
import { plainWire } from './wire.ts';

export interface Validators {
  etag: string | null;
  lastModified: string | null;
}

/** `date` is the server's own clock. */
export type DocumentAnswer = { is: 'unchanged' } | ({ is: 'new'; bytes: Buffer; date: string | null } & Validators);

export interface DocumentRequest {
  what: string;
  maxBytes: number;
  timeoutMs: number;
  signal: AbortSignal;
  /** Only an ETag makes a condition: the unit of Last-Modified is the second, and many a file has a time that somebody set. */
  validators: Validators | null;
  /** What a cache on the way has does not count: it has to ask the server. */
  isFresh?: boolean;
  /** For the origin of the address alone: a redirect to another one gets none of them. */
  headers?: Readonly<Record<string, string>>;
  userAgent: string;
  /** Sees each answer that is no redirect before anything is made of it. What it throws is what the answer means. */
  inspect?: (head: AnswerHead) => void;
  /** Straight, with the certificates of the system, when there is none. */
  wire?: Wire;
}

export interface AnswerHead {
  status: number;
  header: (name: string) => string | null;
}

/**
 * Gets a document, or learns that it has not changed. Follows at most three redirects, none to an address that is nearer to this
 * device than what redirects. Throws with a network, proxy, status, size or deadline code, CAPTIVE_PORTAL for a web page, and
 * SERVER_ERROR without a request while the server wants to be left alone. A file: address, which no redirect leads to, is read as
 * it is, and always new.
 */
export async function getDocument(url: URL, request: DocumentRequest): Promise<DocumentAnswer> {
  if (url.protocol === 'file:') return { is: 'new', bytes: readLocalFile(url, request), etag: null, lastModified: null, date: null };
  const deadline = AbortSignal.timeout(request.timeoutMs);
  const signal = AbortSignal.any([request.signal, deadline]);
  const wire = request.wire ?? plainWire(process.env);
  let at = url;
  let nearest: Nearness = 2;
  for (let hops = 0; ; hops += 1) {
    try {
      wire.waits.assertOver(at, request.what);
      const line = await dial(at, { wire, nearest, signal });
      const answer = await exchange(at, line, { ...request, headers: at.origin === url.origin ? (request.headers ?? {}) : {} }, signal);
      wire.waits.note(at, null);
      if (answer.is !== 'elsewhere') return answer;
      at = redirectTarget(at, answer.location, hops, line.near);
      nearest = line.near;
    } catch (error) {
      wire.waits.note(at, error);
      if (request.signal.aborted) throw new UpdateError('CANCELLED', 'cancelled', { cause: error });
      if (deadline.aborted && !(error instanceof UpdateError && error.code === 'PROXY_UNREACHABLE')) {
        throw new UpdateError('SERVER_UNREACHABLE', `'${at.host}' did not send ${request.what} within ${String(request.timeoutMs / 1000)} s`, {
          hint: 'the server or the line is slow: try again later, or raise limits.check_timeout',
          cause: error,
          subject: at.origin,
        });
      }
      throw networkError(error, at);
    }
  }
}

interface Elsewhere {
  is: 'elsewhere';
  location: string | undefined;
}

/** One request and its answer, which may be that the document is elsewhere. */
async function exchange(url: URL, line: Line, request: DocumentRequest, signal: AbortSignal): Promise<DocumentAnswer | Elsewhere> {
  const headers: Record<string, string> = {
    ...request.headers,
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': request.userAgent,
    connection: 'close',
  };
  const { validators } = request;
  if (validators?.etag !== null && validators?.etag !== undefined) headers['if-none-match'] = validators.etag;
  if (request.isFresh === true) headers['cache-control'] = 'no-cache';
  const outgoing = http.request({ ...requestOn(line, url, headers), signal });
  const incoming = answerOf(outgoing, signal);
  outgoing.end();
  return await readAnswer(await incoming, url, line, request);
}

async function readAnswer(incoming: http.IncomingMessage, url: URL, { reader }: Line, request: DocumentRequest): Promise<DocumentAnswer | Elsewhere> {
  const status = incoming.statusCode ?? 0;
  const { location, etag, 'last-modified': lastModified, 'content-encoding': encoding, 'content-length': length } = incoming.headers;
  try {
    if (status === 304 && request.validators?.etag !== null && request.validators !== null) return { is: 'unchanged' };
    if (status >= 300 && status < 400 && status !== 304) return { is: 'elsewhere', location };
    const head = { status, header: (name: string) => headerOf(incoming, name) };
    const ofProxy = reader === null ? null : proxyAnswer(head, reader, url);
    if (ofProxy !== null) throw ofProxy;
    if (status === 511) throw statusError(status, url, request.what);
    request.inspect?.(head);
    if (status !== 200) throw statusError(status, url, request.what, retryAfterMs(incoming.headers['retry-after'], Date.now()));
    const chunks: Buffer[] = [];
    let size = 0;
    if (Number(length ?? 0) > request.maxBytes) throw tooLarge(request, Number(length));
    for await (const chunk of incoming) {
      if (!Buffer.isBuffer(chunk)) continue;
      size += chunk.length;
      if (size > request.maxBytes) throw tooLarge(request, size);
      chunks.push(chunk);
    }
    if (length !== undefined && size !== Number(length)) {
      throw new UpdateError('SERVER_UNREACHABLE', `the connection ended early: ${String(size)} of ${length} bytes of ${request.what} came`, {
        subject: url.origin,
      });
    }
    const { what, maxBytes } = request;
    const bytes = await decoded({ bytes: Buffer.concat(chunks), encoding, what, host: url.host, maxBytes });
    if (isPageNotJson({ contentType: headerOf(incoming, 'content-type'), bytes })) throw captivePortal(url, what, 'a web page');
    return { is: 'new', bytes, etag: etag ?? null, lastModified: lastModified ?? null, date: incoming.headers.date ?? null };
  } finally {
    incoming.destroy();
  }
}

function headerOf({ headers }: http.IncomingMessage, name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
}

function tooLarge(request: DocumentRequest, size: number): UpdateError {
  return new UpdateError('RESPONSE_TOO_LARGE', `${request.what} has ${String(size)} bytes or more, ${String(request.maxBytes)} are allowed`);
}
