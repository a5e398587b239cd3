/** The HTTP server: one listener for each socket, limits on what a client may take, an end when no client has been connected for a while. */
import http from 'node:http';
import { Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { UpdateError, toUpdateError } from '../core/errors.ts';
import type { Answer } from './answer.ts';
import { errorAnswer } from './answer.ts';
import type { App } from './app.ts';
import type { Connections } from './connections.ts';
import { connections } from './connections.ts';
import type { ApiDeps } from './deps.ts';
import { failedLogins } from './failed-logins.ts';
import { guard } from './guard.ts';
import { malformed, refuse, refuseConnection, sendRefusal } from './refuse.ts';

/** An open descriptor, the path of a unix socket, or a port of 127.0.0.1. */
export type Listen = { fd: number } | { path: string } | { port: number };

export interface ApiServer {
  /** Where it listens: a path, or a port. */
  listening: (string | number)[];
  /** Resolves when no client has been connected for the time given, or after `stop`. */
  ended: Promise<void>;
  /** Accepts no more clients, ends streams, and answers what has been asked. */
  stop: () => void;
}

const LIMITS: http.ServerOptions = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
};
/** As `drained` has it for streams: what takes nothing for so many heartbeats is gone. */
const PATIENCE_BEATS = 4;

/** `idleMs` is null to stay for ever. Throws CONFIG_INVALID for a socket that others on the network could reach. */
export async function serveApi(app: App, deps: ApiDeps, listens: readonly Listen[], idleMs: number | null): Promise<ApiServer> {
  const failed = failedLogins(deps.now);
  const toHono = getRequestListener((request, env) => app.fetch(request, asHttp1(env)), { errorHandler: () => toResponse(errorAnswer(malformed())) });
  const open = new Set<Socket>();
  const doors: Connections[] = [];
  const servers: http.Server[] = [];
  let timer: NodeJS.Timeout | null = null;
  let isStopping = false;

  function stop(): void {
    if (isStopping) return;
    isStopping = true;
    if (timer !== null) clearTimeout(timer);
    for (const server of servers) server.close();
    app.endStreams();
    for (const door of doors) door.endIdle();
  }

  /** Between the last connection that went and the end of the wait, any new one takes the end back. */
  function waitForIdle(): void {
    if (idleMs === null || isStopping || open.size > 0) return;
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(stop, idleMs);
  }

  function onConnection(socket: Socket): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      waitForIdle();
    });
  }

  const listening: (string | number)[] = [];
  for (const listen of listens) {
    const server = http.createServer(LIMITS);
    // All of them: with a bound, those beyond it would be there, and be seen by no guard.
    server.maxHeadersCount = 0;
    const here = connections(PATIENCE_BEATS * deps.limits.heartbeatMs);
    server.on('connection', (socket) => {
      onConnection(socket);
      here.add(socket);
    });
    server.on('clientError', (error, socket) => {
      if (socket instanceof Socket) refuseConnection(here, error, socket);
      else socket.destroy();
    });
    await listenOn(server, listen);
    const door = doorOf(server);
    server.on('request', (incoming, outgoing) => {
      if (!here.asked(incoming, outgoing)) return;
      if (isStopping) outgoing.setHeader('Connection', 'close');
      try {
        incoming.url = guard(incoming, { port: typeof door === 'number' ? door : null }, deps, failed);
      } catch (error) {
        refuse(incoming, outgoing, errorAnswer(toUpdateError(error)));
        return;
      }
      here.letIn(incoming);
      void toHono(incoming, outgoing);
    });
    server.on('checkExpectation', (incoming: http.IncomingMessage, outgoing: http.ServerResponse) => {
      if (!here.asked(incoming, outgoing)) return;
      // Its body comes when it has been asked for, which it is not.
      sendRefusal(outgoing, errorAnswer(malformed()), true);
    });
    servers.push(server);
    doors.push(here);
    listening.push(door);
  }
  const ended = Promise.all(servers.map((server) => new Promise<void>((resolve) => server.once('close', resolve))));
  waitForIdle();
  return { listening, ended: ended.then(() => undefined), stop };
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
    hint: 'set ListenStream=127.0.0.1:PORT, and put nginx in front of it for other hosts',
  });
}

type Http1 = Parameters<App['fetch']>[1];

/** The servers here speak HTTP/1.1 only; the library's type allows for both. */
function asHttp1({ incoming, outgoing }: Parameters<Parameters<typeof getRequestListener>[0]>[1]): Http1 {
  if (incoming instanceof http.IncomingMessage && outgoing instanceof http.ServerResponse) return { incoming, outgoing };
  throw malformed();
}
