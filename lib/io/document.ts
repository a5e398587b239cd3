/**
 * Small documents by conditional request, with node:http alone: the daily check has to be cheap, and loading undici costs
 * more than the whole exchange (its HTTP parser is compiled at the first response).
 */
import http from 'node:http';
import https from 'node:https';
import { UpdateError } from '../core/errors.ts';
import { networkError, redirectTarget, statusError } from '../core/network-errors.ts';
import { retryAfterMs } from '../core/retry-after.ts';
import { answerOf } from './answer-of.ts';
import { readLocalFile } from './local-file.ts';

export interface Validators {
  etag: string | null;
  lastModified: string | null;
}

export type DocumentAnswer = { is: 'unchanged' } | ({ is: 'new'; bytes: Buffer } & Validators);

export interface DocumentRequest {
  what: string;
  maxBytes: number;
  timeoutMs: number;
  signal: AbortSignal;
  validators: Validators | null;
  /** For the origin of the address alone: a redirect to another one gets none of them. */
  headers?: Readonly<Record<string, string>>;
  userAgent: string;
  /** Sees each answer that is no redirect before anything is made of it. What it throws is what the answer means. */
  inspect?: (head: AnswerHead) => void;
}

export interface AnswerHead {
  status: number;
  header: (name: string) => string | null;
}

/**
 * Gets a document, or learns that it has not changed. Follows at most three redirects. Throws with a network, status, size or
 * deadline code; answers with a content encoding are refused, because a small body may then hide a large one. A file: address,
 * which no redirect leads to, is read as it is, and always new.
 */
export async function getDocument(url: URL, request: DocumentRequest): Promise<DocumentAnswer> {
  if (url.protocol === 'file:') return { is: 'new', bytes: readLocalFile(url, request), etag: null, lastModified: null };
  const deadline = AbortSignal.timeout(request.timeoutMs);
  const signal = AbortSignal.any([request.signal, deadline]);
  let at = url;
  for (let hops = 0; ; hops += 1) {
    try {
      const answer = await exchange(at, { ...request, headers: at.origin === url.origin ? (request.headers ?? {}) : {} }, signal);
      if (!(answer instanceof URL)) return answer;
      at = redirectTarget(at, answer.href, hops);
    } catch (error) {
      if (request.signal.aborted) throw new UpdateError('CANCELLED', 'cancelled', { cause: error });
      if (deadline.aborted) {
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

/** One request and its answer; a redirect comes back as the URL it names. */
async function exchange(url: URL, request: DocumentRequest, signal: AbortSignal): Promise<DocumentAnswer | URL> {
  const headers: Record<string, string> = {
    ...request.headers,
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': request.userAgent,
    connection: 'close',
  };
  const { validators } = request;
  if (validators?.etag !== null && validators?.etag !== undefined) headers['if-none-match'] = validators.etag;
  else if (validators?.lastModified !== null && validators?.lastModified !== undefined) headers['if-modified-since'] = validators.lastModified;
  const client = url.protocol === 'https:' ? https : http;
  const outgoing = client.request(url, { headers, signal, agent: false });
  const incoming = answerOf(outgoing, signal);
  outgoing.end();
  return await readAnswer(await incoming, url, request);
}

async function readAnswer(incoming: http.IncomingMessage, url: URL, request: DocumentRequest): Promise<DocumentAnswer | URL> {
  const status = incoming.statusCode ?? 0;
  const { location, etag, 'last-modified': lastModified, 'content-encoding': encoding, 'content-length': length } = incoming.headers;
  try {
    if (status === 304 && request.validators !== null) return { is: 'unchanged' };
    if (status >= 300 && status < 400 && status !== 304) return redirectTarget(url, location, 0);
    request.inspect?.({ status, header: (name) => headerOf(incoming, name) });
    if (status !== 200) throw statusError(status, url, request.what, retryAfterMs(incoming.headers['retry-after'], Date.now()));
    if (encoding !== undefined && encoding !== 'identity') {
      throw new UpdateError('HTTP_PROTOCOL', `'${url.host}' sent ${request.what} with content encoding '${encoding}', which was not asked for`);
    }
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
    return { is: 'new', bytes: Buffer.concat(chunks), etag: etag ?? null, lastModified: lastModified ?? null };
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
