/**
 * One request of node:http on a line of `dial`, and its answer. Documents, uploads and the health probe are sent so. Downloads use
 * undici (download-agent.ts). A check by undici needs 1.6 times the processor time and 1.7 times the memory of one by node:http,
 * measured as whole processes in turn (undici 7.30, Node 20): its parser is compiled at the first answer, and a check runs on every
 * device each day. An upload has to ask first (Expect: 100-continue), which undici does not do over HTTP/1.1.
 */
import http from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { UpdateError } from '../../core/errors.ts';
import { proxyAnswer } from '../../core/network/proxy-errors.ts';
import type { Line } from './dial.ts';
import { proxyHeaders } from './dial.ts';

/** RFC 9110 section 15.2 sets no limit. A server has a use for one or two: 100, 102 while it works, 103. */
const MAX_INFORMATIONAL = 32;

/** The head of an answer. */
export interface AnswerHead {
  status: number;
  header: (name: string) => string | null;
}

/** An answer whose body is still to come, whichever client it came by. */
export interface ServerAnswer extends AnswerHead {
  body: Readable;
}

export interface RequestOptions {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  headers: Readonly<Record<string, string>>;
  signal: AbortSignal;
  /** User and password for the server itself. */
  auth?: string | null | undefined;
  /** Ends the request with ETIMEDOUT after so long without a byte. */
  idleMs?: number;
}

/** A request on its way; the caller ends it, or writes its body. */
export interface Sending {
  outgoing: http.ClientRequest;
  answer: Promise<ServerAnswer>;
}

/**
 * Begins a request, for one connection that closes after it. `answer` rejects with the error of the connection, with the reason of
 * `signal`, with what a proxy said instead of the server, or with HTTP_PROTOCOL for what is no answer. The connection is closed then.
 */
export function request({ socket, reader }: Line, url: URL, { method = 'GET', headers, signal, auth, idleMs }: RequestOptions): Sending {
  const outgoing = http.request({
    method,
    createConnection: () => socket,
    path: `${reader === null ? '' : url.origin}${url.pathname}${url.search}`,
    headers: { ...headers, connection: 'close', host: url.host, ...proxyHeaders(reader) },
    ...(typeof auth === 'string' ? { auth } : {}),
    ...(idleMs === undefined ? {} : { timeout: idleMs }),
    signal,
  });
  outgoing.on('timeout', () => {
    outgoing.destroy(Object.assign(new Error(`no data was transferred for ${String((idleMs ?? 0) / 1000)} s`), { code: 'ETIMEDOUT' }));
  });
  const answer = answerOf(outgoing, signal).then((incoming) => {
    const head = { status: incoming.statusCode ?? 0, header: headerOf(incoming.headers) };
    const ofProxy = reader === null ? null : proxyAnswer(head, reader, url);
    if (ofProxy === null) return { ...head, body: incoming };
    discard(incoming);
    throw ofProxy;
  });
  return { outgoing, answer };
}

/** Header by name; null for one that is not there, or that is there more than once and cannot be. */
export function headerOf(headers: Readonly<Record<string, string | string[] | undefined>>): AnswerHead['header'] {
  return (name) => {
    const value = headers[name];
    return typeof value === 'string' ? value : null;
  };
}

/** Ends an answer that is read no further; destroying it reports an abort, which is not news to us. */
export function discard(body: Readable): void {
  body.on('error', () => undefined);
  body.destroy();
}

/**
 * The final answer of a request. There are more ends than two: a server may switch to another protocol (101), open a tunnel, send
 * one informational answer after the other, or go without an error; Node then closes the connection and says nothing more. A promise
 * that hears of only some of them never settles, and a process that waits for it ends without a word.
 */
function answerOf(outgoing: http.ClientRequest, signal: AbortSignal): Promise<http.IncomingMessage> {
  const host = String(outgoing.getHeader('host') ?? 'the server');
  return new Promise((resolve, reject) => {
    let informational = 0;
    let answer: http.IncomingMessage | null = null;
    const end = (error: unknown): void => {
      const reason = error instanceof Error ? error : new Error(String(error));
      reject(reason);
      // What comes after the head belongs to the reader of the body.
      answer?.destroy(reason);
      outgoing.destroy();
    };
    const refuse = (what: string): void => {
      end(
        new UpdateError('HTTP_PROTOCOL', `'${host}' sent an invalid HTTP response (${what})`, {
          hint: 'check the address: something other than a web server may answer there',
        }),
      );
    };
    const onAbort = (): void => {
      end(signal.reason);
    };
    outgoing.on('response', (incoming) => {
      answer = incoming;
      resolve(incoming);
    });
    outgoing.on('error', end);
    const onOther = ({ statusCode }: http.IncomingMessage, socket: Duplex): void => {
      socket.destroy();
      refuse(`it answered ${String(statusCode)} and switched to a protocol that was not requested`);
    };
    outgoing.on('upgrade', onOther);
    outgoing.on('connect', onOther);
    outgoing.on('information', () => {
      informational += 1;
      if (informational > MAX_INFORMATIONAL) refuse(`more than ${String(MAX_INFORMATIONAL)} informational responses and no final one`);
    });
    outgoing.on('close', () => {
      signal.removeEventListener('abort', onAbort);
      if (answer === null) refuse('the connection was closed without an answer');
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
