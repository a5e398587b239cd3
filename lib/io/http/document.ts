/** Small documents by conditional request. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UpdateError } from '../../core/errors.ts';
import { captivePortal, isPageNotJson } from '../../core/network/captive-portal.ts';
import { decoded, wholeBody } from './body.ts';
import { dial } from './dial.ts';
import { answerError, follow } from './follow.ts';
import type { AnswerHead, ServerAnswer } from './request.ts';
import { discard, request } from './request.ts';
import { readLocalFile } from '../source/local-file.ts';
import type { Wire } from './wire.ts';
import { plainWire } from './wire.ts';

export interface Validators {
  etag: string | null;
  lastModified: string | null;
}

/** `date` is the server's own clock. */
export type DocumentAnswer = { is: 'unchanged' } | ({ is: 'new'; bytes: Buffer; date: string | null } & Validators);

export type InspectAnswer = (head: AnswerHead, at: URL) => void;

export interface DocumentRequest {
  what: string;
  /** Of the document, as it is after decoding. */
  maxBytes: number;
  /** The file itself is a gzip, as a site has it beside the plain one; what comes is the document in it. */
  isGzip?: boolean;
  timeoutMs: number;
  signal: AbortSignal;
  /** Only an ETag makes a condition: the unit of Last-Modified is the second, and many files have a time that was set by hand. */
  validators: Validators | null;
  /** What a cache on the way has does not count: it has to ask the server. */
  isFresh?: boolean;
  /** For the origin of the address alone: a redirect to another one gets none of them. */
  headers?: Readonly<Record<string, string>>;
  userAgent: string;
  /** Sees each answer that is no redirect, and the address that gave it, before anything is made of it. What it throws is what the answer means. */
  inspect?: InspectAnswer;
  /** Straight, with the certificates of the system, when there is none. */
  wire?: Wire;
}

/**
 * Gets a document, or learns that it has not changed. Throws what `follow` throws, with a status, size or deadline code, and
 * CAPTIVE_PORTAL for a web page. A file: address, which no redirect leads to, is read as it is, and always new.
 */
export async function getDocument(url: URL, options: DocumentRequest): Promise<DocumentAnswer> {
  if (url.protocol === 'file:') {
    const bytes = await document(readLocalFile(url, options), dirname(fileURLToPath(url)), options);
    return { is: 'new', bytes, etag: null, lastModified: null, date: null };
  }
  const { what, timeoutMs } = options;
  const deadline = AbortSignal.timeout(timeoutMs);
  const signal = AbortSignal.any([options.signal, deadline]);
  const wire = options.wire ?? plainWire(process.env);
  let asked = url;
  try {
    return await follow(url, what, wire, {
      ask: async (at, nearest, isOwn) => {
        asked = at;
        const line = await dial(at, { wire, nearest, signal });
        const { outgoing, answer } = request(line, at, { headers: headersOf(options, isOwn), signal });
        outgoing.end();
        return { answer: await answer, near: line.near };
      },
      take: (answer, at) => read(answer, at, options),
    });
  } catch (error) {
    if (options.signal.aborted) throw new UpdateError('CANCELLED', 'cancelled', { cause: error });
    if (deadline.aborted && !(error instanceof UpdateError && error.code === 'PROXY_UNREACHABLE')) {
      throw new UpdateError('SERVER_UNREACHABLE', `'${asked.host}' did not send ${what} within ${String(timeoutMs / 1000)} s`, {
        hint: 'the server or the connection is slow: try again later, or raise limits.check_timeout',
        cause: error,
        subject: asked.origin,
      });
    }
    throw error;
  }
}

function headersOf({ headers, validators, isFresh, userAgent }: DocumentRequest, isOwn: boolean): Record<string, string> {
  const etag = validators?.etag ?? null;
  return {
    ...(isOwn ? headers : {}),
    accept: 'application/json',
    'accept-encoding': 'gzip',
    'user-agent': userAgent,
    ...(etag === null ? {} : { 'if-none-match': etag }),
    ...(isFresh === true ? { 'cache-control': 'no-cache' } : {}),
  };
}

async function read(answer: ServerAnswer, at: URL, options: DocumentRequest): Promise<DocumentAnswer> {
  const { what, maxBytes, validators, inspect } = options;
  const { status, header, body } = answer;
  if (status === 304 && validators !== null && validators.etag !== null) {
    discard(body);
    return { is: 'unchanged' };
  }
  if (status === 511) throw answerError(answer, at, what);
  inspect?.(answer, at);
  if (status !== 200) throw answerError(answer, at, what);
  const encoded = { bytes: await bodyOf(answer, at, what, maxBytes), encoding: header('content-encoding') };
  const bytes = await document(await decoded({ ...encoded, what, host: at.host, maxBytes }), at.host, options);
  if (isPageNotJson({ contentType: header('content-type'), bytes })) throw captivePortal(at, what, 'a web page');
  return { is: 'new', bytes, etag: header('etag'), lastModified: header('last-modified'), date: header('date') };
}

/** A server may have taken the gzip for a content encoding, and taken it off. */
async function document(bytes: Buffer, host: string, { what, maxBytes, isGzip }: DocumentRequest): Promise<Buffer> {
  return isGzip === true ? await decoded({ bytes, encoding: 'gzip', what, host, maxBytes }) : bytes;
}

/** A page may be larger than the document is allowed to be: it is a page all the same. */
async function bodyOf(answer: ServerAnswer, at: URL, what: string, maxBytes: number): Promise<Buffer> {
  try {
    return await wholeBody(answer, at, what, maxBytes);
  } catch (error) {
    const isTooLarge = error instanceof UpdateError && error.code === 'RESPONSE_TOO_LARGE';
    if (isTooLarge && isPageNotJson({ contentType: answer.header('content-type'), bytes: Buffer.alloc(0) }))
      throw captivePortal(at, what, 'a web page');
    throw error;
  }
}
