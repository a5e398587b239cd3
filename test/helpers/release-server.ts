/**
 * A web server that does what it is told, path by path: as a good server would (conditional and range requests), and in every
 * way a bad server or a bad line does. It records what was asked.
 */
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { closed, listening } from './listening.ts';

export interface Answer {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: string | Buffer;
  /** Answered with 304 when the request has it in If-None-Match; compared by If-Range. */
  etag?: string;
  /** Answered with 304 when the request has it in If-Modified-Since; compared by If-Range. */
  lastModified?: string;
  /** `yes` as RFC 9110 has it; `no` ignores Range; `blind` ignores If-Range; or the Content-Range to lie with. */
  ranges?: 'yes' | 'no' | 'blind' | { contentRange: string };
  /** Without Content-Length, in chunks. */
  chunked?: boolean;
  /** Without Content-Length and chunks: the end of the connection is the end of the body. */
  untilClose?: boolean;
  /** The Content-Length to lie with. */
  declare?: number;
  /** What happens after so many bytes of the body. */
  after?: { bytes: number; then: 'end' | 'reset' } | { bytes: number; then: 'wait'; until: Promise<void>; sent?: () => void };
  /** Instead of everything else: these bytes on the socket, and its end. */
  raw?: string | Buffer;
  /** Instead of everything else: headers or body without end, until the client has enough. */
  endless?: 'headers' | 'body';
  /** Instead of everything else: the connection is taken, and nothing comes. */
  silent?: boolean;
}

export interface RecordedRequest {
  method: string;
  url: string;
  headers: http.IncomingHttpHeaders;
}

export interface ReleaseServer {
  /** What a path answers from now on: always the same, or one after the other, of which the last stays. */
  at: (path: string, ...answers: [Answer, ...Answer[]]) => void;
  url: (path: string) => URL;
  requests: RecordedRequest[];
  close: () => Promise<void>;
}

/** A promise that a test fulfils when it has seen enough. */
export interface Gate {
  opened: Promise<void>;
  open: () => void;
}

export function gate(): Gate {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** Starts a server on a free port of 127.0.0.1; with `tls`, one that speaks HTTPS. */
export async function releaseServer(tls?: TlsOptions): Promise<ReleaseServer> {
  const answers = new Map<string, Answer[]>();
  const requests: RecordedRequest[] = [];
  const listener = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const { method = '', url = '', headers } = request;
    requests.push({ method, url, headers });
    const list = answers.get(url) ?? [{ status: 404, body: 'not here' }];
    const answer = list.length > 1 ? list.shift() : list[0];
    // A client that leaves early is what many of these tests are about.
    response.on('error', () => undefined);
    void send(request, response, answer ?? {});
  };
  const server = tls === undefined ? http.createServer(listener) : https.createServer(tls, listener);
  server.on('tlsClientError', () => undefined);
  const port = await listening(server);
  return {
    at: (path, ...list) => {
      answers.set(path, [...list]);
    },
    url: (path) => new URL(path, `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${String(port)}`),
    requests,
    close: () => closed(server),
  };
}

async function send(request: http.IncomingMessage, response: http.ServerResponse, answer: Answer): Promise<void> {
  const { socket } = request;
  if (answer.silent === true) return;
  if (answer.raw !== undefined) {
    socket.end(answer.raw);
    return;
  }
  if (answer.endless !== undefined) {
    socket.write('HTTP/1.1 200 OK\r\n');
    if (answer.endless === 'body') socket.write('content-type: application/octet-stream\r\n\r\n');
    pour(socket, answer.endless === 'headers' ? `x-more: ${'x'.repeat(1000)}\r\n` : 'x'.repeat(16_384));
    return;
  }
  const whole = Buffer.from(answer.body ?? '');
  const { status, from, contentRange } = choose(request.headers, answer, whole.length);
  const body = status === 304 || status === 416 ? Buffer.alloc(0) : whole.subarray(from);
  response.sendDate = false;
  response.shouldKeepAlive = false;
  if (answer.untilClose === true) response.useChunkedEncodingByDefault = false;
  response.writeHead(status, {
    ...answer.headers,
    ...(answer.etag === undefined ? {} : { etag: answer.etag }),
    ...(answer.lastModified === undefined ? {} : { 'last-modified': answer.lastModified }),
    ...(contentRange === null ? {} : { 'content-range': contentRange }),
    ...(answer.chunked === true || answer.untilClose === true ? {} : { 'content-length': String(answer.declare ?? body.length) }),
  });
  await sendBody(socket, response, body, answer);
}

async function sendBody(socket: Socket, response: http.ServerResponse, body: Buffer, { after }: Answer): Promise<void> {
  if (after === undefined) {
    response.end(body);
    return;
  }
  response.flushHeaders();
  await new Promise((resolve) => response.write(body.subarray(0, after.bytes), resolve));
  if (after.then === 'wait') {
    after.sent?.();
    await after.until;
    response.end(body.subarray(after.bytes));
  } else if (after.then === 'reset') socket.resetAndDestroy();
  else socket.end();
}

/** Writes the same again and again, as fast as it is taken. */
function pour(socket: Socket, text: string): void {
  socket.on('error', () => undefined);
  const more = (): void => {
    while (!socket.destroyed && socket.write(text));
  };
  socket.on('drain', more);
  more();
}

/** Status and first byte of the answer to a conditional or range request (RFC 9110 sections 13 and 14). */
function choose(headers: http.IncomingHttpHeaders, answer: Answer, length: number): { status: number; from: number; contentRange: string | null } {
  const { etag, lastModified, ranges = 'yes' } = answer;
  const status = answer.status ?? 200;
  const whole = { status, from: 0, contentRange: null };
  if (status !== 200) return whole;
  const known =
    headers['if-none-match'] === undefined
      ? lastModified !== undefined && headers['if-modified-since'] === lastModified
      : headers['if-none-match'] === etag;
  if (known) return { status: 304, from: 0, contentRange: null };
  const match = /^bytes=(\d+)-$/.exec(headers.range ?? '');
  if (match === null || ranges === 'no') return whole;
  const condition = headers['if-range'];
  const strong = etag?.startsWith('W/') === true ? undefined : etag;
  if (ranges !== 'blind' && condition !== undefined && condition !== strong && condition !== lastModified) return whole;
  const from = Number(match[1]);
  if (from >= length) return { status: 416, from: 0, contentRange: `bytes */${String(length)}` };
  return {
    status: 206,
    from,
    contentRange: typeof ranges === 'object' ? ranges.contentRange : `bytes ${String(from)}-${String(length - 1)}/${String(length)}`,
  };
}
