/**
 * Requests of one download, by undici, and a valve on its connection. A download that shall be slow must not leave the body unread:
 * then undici pauses its parser, and an end of the connection meanwhile is an assertion that cannot be caught
 * (HACK: nodejs/undici#5360, fixed in 8 only, which needs Node 22). So the valve is before the parser, at the socket.
 */
import type { Socket } from 'node:net';
import { Agent } from 'undici';
import type { NetworkZone } from '../../core/network/local-address.ts';
import { proxyAnswer } from '../../core/network/proxy-errors.ts';
import { dial, proxyHeaders } from './dial.ts';
import type { Hop } from './follow.ts';
import { discard, headerOf } from './request.ts';
import type { Wire } from './wire.ts';

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;

/** More than a body can buffer between two turns of the event loop: writing is synchronous, so the parser never pauses. */
const BODY_BUFFER_BYTES = 64 * 1024 * 1024;

export interface Valve {
  /** Nothing more is read from the connection, not even its end. */
  shut: () => void;
  open: () => void;
}

/** The connection of one download. */
export interface Reach {
  wire: Wire;
  agent: Agent;
  valve: Valve;
  signal: AbortSignal;
  /** Sends a GET to an address, unless that is nearer than it may be. Errors of the connection come out as they are. */
  ask: (at: URL, nearest: NetworkZone, headers: Readonly<Record<string, string>>) => Promise<Hop>;
}

/** One connection at a time, made by `dial`. `slowed` means that pauses are ours, so they say nothing about the server. */
export function reachOf(wire: Wire, signal: AbortSignal, slowed: boolean): Reach {
  const hop: { nearest: NetworkZone; near: NetworkZone } = { nearest: 2, near: 2 };
  let isShut = false;
  let wake = (): void => undefined;
  const connect = async (origin: URL): Promise<Socket> => {
    const { socket, near } = await dial(origin, { wire, nearest: hop.nearest, signal, connectMs: CONNECT_TIMEOUT_MS });
    hop.near = near;
    const read = socket.read.bind(socket);
    socket.read = (size?: number): unknown => (isShut ? null : read(size));
    wake = () => socket.emit('readable');
    return socket;
  };
  const agent = new Agent({
    headersTimeout: IDLE_TIMEOUT_MS,
    bodyTimeout: slowed ? 0 : IDLE_TIMEOUT_MS,
    connect: ({ protocol, host }, callback) => {
      connect(new URL(`${protocol}//${String(host)}`)).then(
        (socket) => {
          callback(null, socket);
        },
        (error: unknown) => {
          callback(error instanceof Error ? error : new Error(String(error)), null);
        },
      );
    },
  });
  const valve = {
    shut: () => {
      isShut = true;
    },
    open: () => {
      isShut = false;
      wake();
    },
  };
  const ask: Reach['ask'] = async (at, nearest, headers) => {
    hop.nearest = nearest;
    // Behind a tunnel the server reads the request; a proxy that reads it wants the whole address.
    const reader = at.protocol === 'http:' ? wire.proxyFor(at) : null;
    const answer = await agent.request({
      origin: at.origin,
      path: `${reader === null ? '' : at.origin}${at.pathname}${at.search}`,
      method: 'GET',
      headers: { ...headers, ...proxyHeaders(reader) },
      signal,
      highWaterMark: BODY_BUFFER_BYTES,
      // Each hop is a connection of its own, so that each address is judged.
      reset: true,
    });
    const { statusCode: status, body } = answer;
    const header = headerOf(answer.headers);
    const ofProxy = reader === null ? null : proxyAnswer({ status, header }, reader, at);
    if (ofProxy === null) return { answer: { status, header, body }, near: hop.near };
    discard(body);
    throw ofProxy;
  };
  return { wire, agent, valve, signal, ask };
}
