/**
 * Requests with a body: a file goes out as it is read, whatever its size. It is asked for first (Expect:
 * 100-continue, RFC 9110 section 10.1.1), so that a server that refuses 500 MB does so before they are sent: one that closes the
 * connection in the middle is otherwise heard as a broken line, not as the 413 that it said.
 */
import { once } from 'node:events';
import fs from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { UpdateError } from '../../core/errors.ts';
import { networkError } from '../../core/network/network-errors.ts';
import { wholeBody } from './body.ts';
import { dial } from './dial.ts';
import type { AnswerHead, RequestOptions, ServerAnswer } from './request.ts';
import { request } from './request.ts';
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

export interface SendRequest extends Required<Pick<RequestOptions, 'method' | 'headers' | 'signal'>> {
  body: SentBody | null;
  /** Straight, with the certificates of the system, when there is none. */
  wire?: Wire;
}

export interface Sent extends AnswerHead {
  body: Buffer;
}

/** Sends a request and reads the answer, whatever its status; no redirect is followed. Throws network and proxy codes, and CANCELLED. */
export async function send(url: URL, options: SendRequest): Promise<Sent> {
  try {
    return await sendOn(url, options);
  } catch (error) {
    if (!options.signal.aborted) throw networkError(error, url);
    throw new UpdateError('CANCELLED', 'cancelled', { cause: error, hint: 'run it again to resume' });
  }
}

async function sendOn(url: URL, { method, signal, wire, ...options }: SendRequest): Promise<Sent> {
  const line = await dial(url, { wire: wire ?? plainWire(process.env), nearest: 2, signal, connectMs: IDLE_MS });
  const { headers, chunks } = framed(options.body);
  const { outgoing, answer } = request(line, url, { method, headers: { ...options.headers, ...headers }, signal, idleMs: IDLE_MS });
  const answered = answer.then((given) => readAnswer(given, url));
  try {
    if (headers['expect'] !== undefined) {
      const waited = once(outgoing, 'continue', { signal: AbortSignal.timeout(CONTINUE_MS) }).then(
        () => null,
        () => null,
      );
      const early = await Promise.race([answered, waited]);
      if (early !== null) return early;
    }
    // A refusal in the middle of it counts, even if the rest cannot be sent any more.
    const sent = pipeline(chunks, outgoing).then(() => answered);
    return await Promise.race([answered, sent]);
  } finally {
    outgoing.destroy();
    answered.catch(() => undefined);
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
  if (left > 0) throw new UpdateError('INPUT_REFUSED', `'${file.path}' shrank during the upload`);
  yield tail;
}

async function readAnswer(answer: ServerAnswer, url: URL): Promise<Sent> {
  // A byte now and then is not silence, and no end either.
  const late = setTimeout(() => {
    answer.body.destroy(Object.assign(new Error(`its response took longer than ${String(ANSWER_MS / 1000)} s`), { code: 'ETIMEDOUT' }));
  }, ANSWER_MS);
  try {
    return { status: answer.status, header: answer.header, body: await wholeBody(answer, url, `the answer of '${url.host}'`, MAX_ANSWER_BYTES) };
  } finally {
    clearTimeout(late);
  }
}
