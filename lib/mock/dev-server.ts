/**
 * `npm run dev`: the real API server with a played device behind it, on a port of 127.0.0.1 and without a token, for a person who
 * works on a dashboard. `?state=NAME` in an address, or the header `X-Mock-State`, asks a device that is in that state and
 * stays in it as far as this address goes; without, there is one device whose state `POST dev/state` sets and runs change.
 */
import http from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { errorAnswer } from '../api/answer.ts';
import { createApp } from '../api/app.ts';
import type { ApiDeps } from '../api/deps.ts';
import { checkHost } from '../api/host-guard.ts';
import { splitTarget } from '../api/request-query.ts';
import { serveApi } from '../api/server.ts';
import type { ApiServer } from '../api/server.ts';
import { toUpdateError } from '../core/errors.ts';
import { mockBackend } from './backend.ts';
import { DEV_PREFIX, answerDev } from './dev-routes.ts';
import { forward } from './forward.ts';
import { mockJournal } from './journal.ts';
import type { MockClock, Player } from './player.ts';
import { player } from './player.ts';
import type { MockStates } from './states.ts';

export interface DevOptions {
  states: MockStates;
  /** 0 for any that is free. */
  port: number;
  /** The state to begin with. */
  first: string;
  /** A folder of its own, for sockets. */
  dir: string;
  /** Further names that requests may call this machine by. */
  hosts: readonly string[];
  openapi: string;
  /** As in ApiDeps; the page of all states is among them. */
  webFile: (name: string) => string | null;
  clock: MockClock;
  warn: (message: string) => void;
}

export interface DevServer {
  url: string;
  /** A unix socket with the same device, as nginx and pikit-api.py find it. */
  socket: string;
  close: () => Promise<void>;
}

interface Played {
  player: Player;
  socket: string;
  server: ApiServer;
}

export async function serveMock(options: DevOptions): Promise<DevServer> {
  const { states, dir, port, first } = options;
  const hosts = ['localhost', '127.0.0.1', '[::1]', ...options.hosts];
  const fixed = new Map<string, Promise<Played>>();
  const main = await play(options, first, join(dir, 'api.sock'), hosts);

  /** A device for each state that is requested. */
  async function deviceIn(state: string): Promise<Played> {
    states.state(state);
    const known = fixed.get(state) ?? play(options, state, join(dir, `${String(fixed.size)}.sock`), hosts);
    fixed.set(state, known);
    return await known;
  }

  async function answer(incoming: http.IncomingMessage, outgoing: http.ServerResponse): Promise<void> {
    const { target } = checkHost({ rawHeaders: incoming.rawHeaders, target: incoming.url ?? '', allowed: hosts, port: null });
    const { path } = splitTarget(target);
    const { state, rest } = stateIn(incoming, target);
    const device = state === null ? main : await deviceIn(state);
    if (!path.startsWith(DEV_PREFIX)) {
      forward(incoming, outgoing, { socketPath: device.socket, target: rest });
      return;
    }
    const { status, headers, body } = await answerDev(incoming, path, { states, player: device.player, webFile: options.webFile });
    outgoing.writeHead(status, headers).end(body);
  }

  const server = http.createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch((error: unknown) => {
      const { status, headers, body } = errorAnswer(toUpdateError(error));
      outgoing.writeHead(status, headers).end(body);
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String(portOf(server.address()))}`,
    socket: main.socket,
    close: async () => {
      const ended = once(server, 'close');
      server.close();
      for (const played of [main, ...(await Promise.all(fixed.values()))]) {
        played.player.cancel();
        played.server.stop();
        await played.server.ended;
      }
      server.closeAllConnections();
      await ended;
    },
  };
}

async function play({ states, clock, openapi, webFile, warn }: DevOptions, state: string, socket: string, hosts: readonly string[]): Promise<Played> {
  const playing = player(states, state, clock);
  const deps: ApiDeps = {
    backend: mockBackend(states, playing, clock),
    journal: mockJournal(states, playing, clock),
    openapi,
    webFile,
    now: clock.now,
    warn,
    hosts: () => hosts,
    token: () => null,
    limits: { heartbeatMs: 15_000, streams: 8, bufferedBytes: 64 * 1024 },
  };
  return { player: playing, socket, server: await serveApi(createApp(deps), deps, [{ path: socket }], null) };
}

/** The state that a request asks for, and its target without that. */
function stateIn(incoming: http.IncomingMessage, target: string): { state: string | null; rest: string } {
  const { path, query } = splitTarget(target);
  const params = new URLSearchParams(query);
  const header = incoming.headers['x-mock-state'];
  const state = params.get('state') ?? (typeof header === 'string' ? header : null);
  if (!params.has('state')) return { state, rest: target };
  params.delete('state');
  return { state, rest: params.size === 0 ? path : `${path}?${params.toString()}` };
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}
