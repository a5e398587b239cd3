/** The HTTP server: one listener for each socket, limits on what a client may take, an end when nobody has been here for a while. */
import http from 'node:http';
import type { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { UpdateError, toUpdateError } from '../core/errors.ts';
import type { Answer } from './answer.ts';
import { errorAnswer } from './answer.ts';
import type { App } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { failedLogins } from './failed-logins.ts';
import { guard } from './guard.ts';
import { MAX_BODY_BYTES } from './request-body.ts';

/** An open descriptor, the path of a unix socket, or a port of 127.0.0.1. */
export type Listen = { fd: number } | { path: string } | { port: number };

export interface ApiServer {
  /** Where it listens: a path, or a port. */
  listening: (string | number)[];
  /** Resolves when nobody has been connected for the time given, or after `stop`. */
  ended: Promise<void>;
  /** Takes nobody any more, ends streams, and answers what has been asked. */
  stop: () => void;
}

const MAX_CONNECTIONS = 64;
const LIMITS: http.ServerOptions = { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 5000, connectionsCheckingInterval: 1000 };

/** `idleMs` is null to stay for ever. Throws CONFIG_INVALID for a socket that others on the network could reach. */
export async function serveApi(app: App, deps: ApiDeps, listens: readonly Listen[], idleMs: number | null): Promise<ApiServer> {
  const failed = failedLogins(deps.now);
  const toHono = getRequestListener((request, env) => app.fetch(request, asHttp1(env)), { errorHandler: () => toResponse(errorAnswer(malformed())) });
  const connections = new Set<Socket>();
  const servers: http.Server[] = [];
  let timer: NodeJS.Timeout | null = null;
  let isStopping = false;

  function stop(): void {
    if (isStopping) return;
    isStopping = true;
    if (timer !== null) clearTimeout(timer);
    for (const server of servers) server.close();
    app.endStreams();
    for (const server of servers) server.closeIdleConnections();
  }

  /** Between the last connection that went and the end of the wait, any new one takes the end back. */
  function waitForIdle(): void {
    if (idleMs === null || isStopping || connections.size > 0) return;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(stop, idleMs);
  }

  function onConnection(socket: Socket): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    connections.add(socket);
    socket.once('close', () => {
      connections.delete(socket);
      waitForIdle();
    });
  }

  const listening: (string | number)[] = [];
  for (const listen of listens) {
    const server = http.createServer(LIMITS);
    server.maxConnections = MAX_CONNECTIONS;
    server.on('connection', onConnection);
    server.on('clientError', onClientError);
    await listenOn(server, listen);
    const door = doorOf(server);
    server.on('request', (incoming, outgoing) => {
      if (isStopping) outgoing.setHeader('Connection', 'close');
      try {
        incoming.url = guard(incoming, { port: typeof door === 'number' ? door : null }, deps, failed);
      } catch (error) {
        refuse(incoming, outgoing, errorAnswer(toUpdateError(error)));
        return;
      }
      void toHono(incoming, outgoing);
    });
    server.on('checkExpectation', (_incoming: http.IncomingMessage, outgoing: http.ServerResponse) => {
      // Its body comes when it has been asked for, which it is not.
      sendRefusal(outgoing, errorAnswer(malformed()), true);
    });
    servers.push(server);
    listening.push(door);
  }
  const ended = Promise.all(servers.map((server) => new Promise<void>((resolve) => server.once('close', resolve))));
  waitForIdle();
  return { listening, ended: ended.then(() => undefined), stop };
}

function malformed(): UpdateError {
  return new UpdateError('REQUEST_INVALID', 'this is not a request that can be answered');
}

function toResponse({ status, headers, body }: Answer): Response {
  return new Response(body, { status, headers });
}

async function listenOn(server: http.Server, listen: Listen): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen('port' in listen ? { ...listen, host: '127.0.0.1' } : listen, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** What the socket itself says counts, and not what it is called: on TCP a token is needed. */
function doorOf(server: http.Server): string | number {
  const address = server.address();
  if (address === null || typeof address === 'string') return address ?? '';
  if (address.address === '127.0.0.1' || address.address === '::1') return address.port;
  server.close();
  throw new UpdateError('CONFIG_INVALID', `the API does not listen on ${address.address}: it would be open to the whole network`, {
    hint: 'ListenStream=127.0.0.1:PORT, and nginx in front of it for others',
  });
}

/** For the rest of a short body that nobody wants. */
const BODY_WAIT_MS = 1000;

/**
 * A body that is on its way is thrown away, and its connection is not used again. A short one is waited for: closed with
 * something unread, the connection is reset, and the client may never see the answer.
 */
function refuse(incoming: http.IncomingMessage, outgoing: http.ServerResponse, answer: Answer): void {
  const length = Number(incoming.headers['content-length'] ?? 0);
  if (length > 0 && length <= MAX_BODY_BYTES && !incoming.complete) {
    const send = (): void => {
      clearTimeout(deadline);
      incoming.off('end', send);
      sendRefusal(outgoing, answer, true);
    };
    const deadline = setTimeout(send, BODY_WAIT_MS);
    incoming.resume().once('end', send);
    return;
  }
  sendRefusal(outgoing, answer, length > 0 || incoming.headers['transfer-encoding'] !== undefined);
}

function sendRefusal(outgoing: http.ServerResponse, answer: Answer, hasBody: boolean): void {
  outgoing.writeHead(answer.status, {
    ...answer.headers,
    'Content-Length': Buffer.byteLength(answer.body),
    ...(hasBody ? { Connection: 'close' } : {}),
  });
  outgoing.end(answer.body);
}

const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What Node itself cannot read is answered as everything else is. */
function onClientError(error: Error & { code?: string }, socket: Socket & { _httpMessage?: { headersSent: boolean } | null }): void {
  // HACK: as in the documentation of `clientError`; only this member tells whether an answer has begun.
  if (!socket.writable || error.code === 'ECONNRESET' || socket._httpMessage?.headersSent === true) {
    socket.destroy();
    return;
  }
  const { headers, body } = errorAnswer(malformed());
  const lines = Object.entries({ ...headers, 'Content-Length': String(Buffer.byteLength(body)), Connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.end([`HTTP/1.1 ${CLIENT_ERRORS[error.code ?? ''] ?? '400 Bad Request'}`, ...lines, '', body].join('\r\n'));
}

type Http1 = Parameters<App['fetch']>[1];

/** The servers here speak HTTP/1.1 only; the library's type allows for both. */
function asHttp1({ incoming, outgoing }: Parameters<Parameters<typeof getRequestListener>[0]>[1]): Http1 {
  if (incoming instanceof http.IncomingMessage && outgoing instanceof http.ServerResponse) return { incoming, outgoing };
  throw malformed();
}
