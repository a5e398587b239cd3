/**
 * Requests with a body, by node:http: a file goes out as it is read, whatever its size. It is asked for first (Expect:
 * 100-continue, RFC 9110 section 10.1.1), so that a server that refuses 500 MB does so before they are sent: one that closes the
 * connection in the middle is otherwise heard as a broken line, not as the 413 that it said.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import { pipeline } from 'node:stream/promises';
import { UpdateError } from '../core/errors.ts';
import { networkError } from '../core/network-errors.ts';
import { proxyAnswer } from '../core/proxy-errors.ts';
import { answerOf } from './answer-of.ts';
import type { Line } from './dial.ts';
import { dial, requestOn } from './dial.ts';
import type { Wire } from './wire.ts';
import { plainWire } from './wire.ts';

const IDLE_MS = 60_000;
/** From the head of an answer to its end. */
const ANSWER_MS = 60_000;
/** A server that does not know the question is not waited for. */
const CONTINUE_MS = 2000;
const MAX_ANSWER_BYTES = 1024 * 1024;

/** A file in the field of a form, or some bytes. */
export type SentBody = { bytes: Buffer; type: string } | { path: string; size: number; field: string; name: string };

export interface SendRequest {
  method: 'POST' | 'PATCH' | 'DELETE';
  headers: Readonly<Record<string, string>>;
  body: SentBody | null;
  signal: AbortSignal;
  /** Straight, with the certificates of the system, when there is none. */
  wire?: Wire;
}

export interface Sent {
  status: number;
  header: (name: string) => string | null;
  body: Buffer;
}

/** Sends a request and reads the answer, whatever its status; no redirect is followed. Throws network and proxy codes, and CANCELLED. */
export async function send(url: URL, request: SendRequest): Promise<Sent> {
  const { signal } = request;
  const cancelled = (error: unknown): UpdateError =>
    new UpdateError('CANCELLED', 'cancelled', { cause: error, hint: 'run it again: it goes on where it stopped' });
  let line: Line;
  try {
    line = await dial(url, { wire: request.wire ?? plainWire(process.env), nearest: 2, signal, connectMs: IDLE_MS });
  } catch (error) {
    throw signal.aborted ? cancelled(error) : networkError(error, url);
  }
  const { headers, chunks } = framed(request.body);
  const outgoing = http.request({
    ...requestOn(line, url, { ...request.headers, ...headers, connection: 'close' }),
    method: request.method,
    signal,
    timeout: IDLE_MS,
  });
  outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error(`nothing moved for ${String(IDLE_MS / 1000)} s`), { code: 'ETIMEDOUT' })));
  const answer = answerOf(outgoing, signal)
    .then(readAnswer)
    .then((sent) => {
      const ofProxy = line.reader === null ? null : proxyAnswer(sent, line.reader, url);
      if (ofProxy !== null) throw ofProxy;
      return sent;
    });
  try {
    if (headers['expect'] !== undefined) {
      const waited = once(outgoing, 'continue', { signal: AbortSignal.timeout(CONTINUE_MS) }).then(
        () => null,
        () => null,
      );
      const early = await Promise.race([answer, waited]);
      if (early !== null) return early;
    }
    // A refusal in the middle of it counts, even if the rest cannot be sent any more.
    const sent = pipeline(chunks, outgoing).then(() => answer);
    return await Promise.race([answer, sent]);
  } catch (error) {
    throw signal.aborted ? cancelled(error) : networkError(error, url);
  } finally {
    outgoing.destroy();
    answer.catch(() => undefined);
  }
}

function framed(body: SentBody | null): { headers: Record<string, string>; chunks: AsyncGenerator<Buffer> } {
  if (body === null) return { headers: { 'content-length': '0' }, chunks: some([]) };
  if ('bytes' in body) return { headers: { 'content-type': body.type, 'content-length': String(body.bytes.length) }, chunks: some([body.bytes]) };
  // No boundary can be in the file by accident: it would be found 1 time in 2^190.
  const boundary = `pikit-${Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString('hex')}`;
  const head = Buffer.from(
    `--${boundary}\r\ncontent-disposition: form-data; name="${body.field}"; filename="${body.name}"\r\ncontent-type: application/octet-stream\r\n\r\n`,
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    headers: {
      'content-type': `multipart/form-data; boundary=${boundary}`,
      'content-length': String(head.length + body.size + tail.length),
      expect: '100-continue',
    },
    chunks: form(head, body, tail),
  };
}

async function* some(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
  await Promise.resolve();
}

async function* form(head: Buffer, file: { path: string; size: number }, tail: Buffer): AsyncGenerator<Buffer> {
  yield head;
  let left = file.size;
  if (left > 0) {
    for await (const chunk of fs.createReadStream(file.path, { end: file.size - 1 })) {
      if (!Buffer.isBuffer(chunk)) continue;
      left -= chunk.length;
      yield chunk;
    }
  }
  if (left > 0) throw new UpdateError('INPUT_REFUSED', `'${file.path}' became shorter while it was uploaded`);
  yield tail;
}

async function readAnswer(incoming: http.IncomingMessage): Promise<Sent> {
  const chunks: Buffer[] = [];
  let size = 0;
  // A byte now and then is not silence, and no end either.
  const late = setTimeout(() => {
    incoming.destroy(Object.assign(new Error(`its answer took longer than ${String(ANSWER_MS / 1000)} s`), { code: 'ETIMEDOUT' }));
  }, ANSWER_MS);
  try {
    for await (const chunk of incoming) {
      if (!Buffer.isBuffer(chunk)) continue;
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) throw new UpdateError('RESPONSE_TOO_LARGE', `an answer has more than ${String(MAX_ANSWER_BYTES)} bytes`);
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(late);
  }
  const { headers, statusCode: status = 0 } = incoming;
  const header = (name: string): string | null => {
    const value = headers[name];
    return typeof value === 'string' ? value : null;
  };
  return { status, header, body: Buffer.concat(chunks) };
}
