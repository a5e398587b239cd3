/** What stands between a browser and the API in tests, as nginx does on a device: it can be taken away, and answer by itself. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export type Answering = (incoming: http.IncomingMessage, outgoing: http.ServerResponse) => boolean;

export interface Front {
  url: string;
  /** Refuses connections, and cuts those that are open, as a server that is stopped. */
  stop: () => Promise<void>;
  /** Listens again, at the same address. */
  start: () => Promise<void>;
  /** Asked first for each request; it passes on what this says it has not answered. Null: passes all on. */
  answerWith: (answering: Answering | null) => void;
  /** `GET status`, in the order in which they came, without the part of the address that all have. */
  requests: string[];
  /** Streams of events that are open now. */
  streams: () => number;
}

/** A proxy before this address, until the test ends. */
export async function front(to: string): Promise<Front> {
  const { hostname, port } = new URL(to);
  const sockets = new Set<Socket>();
  const streams = new Set<http.ServerResponse>();
  const requests: string[] = [];
  let answering: Answering | null = null;

  const server = http.createServer((incoming, outgoing) => {
    requests.push(`${incoming.method ?? ''} ${(incoming.url ?? '').replace('/api/update/', '')}`);
    if (answering?.(incoming, outgoing) === true) return;
    if ((incoming.headers.accept ?? '').includes('text/event-stream')) {
      streams.add(outgoing);
      outgoing.once('close', () => streams.delete(outgoing));
    }
    const { method, url: path, headers } = incoming;
    const request = http.request({ hostname, port, method, path, headers, agent: false }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.rawHeaders);
      response.pipe(outgoing);
      response.on('error', () => outgoing.destroy());
    });
    request.on('error', () => outgoing.destroy());
    outgoing.on('close', () => request.destroy());
    incoming.pipe(request);
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  async function listen(at: number): Promise<number> {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    const address: AddressInfo | string | null = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }
  async function stop(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  }

  const own = await listen(0);
  onTestFinished(stop);
  return {
    url: `http://127.0.0.1:${String(own)}`,
    stop,
    start: async () => {
      await listen(own);
    },
    answerWith: (next) => {
      answering = next;
    },
    requests,
    streams: () => streams.size,
  };
}

/** Answers these paths with a page or an error that is not the API's, as a proxy does. */
export function always(status: number, type: string, body: string, only = /./): Answering {
  return (incoming, outgoing) => {
    if (!only.test(incoming.url ?? '')) return false;
    outgoing.writeHead(status, { 'Content-Type': type }).end(body);
    return true;
  };
}

/** Takes requests for these paths, and never answers them. */
export function never(only: RegExp): Answering {
  return (incoming) => only.test(incoming.url ?? '');
}
