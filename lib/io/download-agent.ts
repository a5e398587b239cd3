/**
 * The undici agent of one download, and a valve on its connection. A download that shall be slow must not leave the body unread:
 * then undici pauses its parser, and an end of the connection meanwhile is an assertion that nobody can catch
 * (HACK: nodejs/undici#5360, fixed in 8 only, which needs Node 22). So the valve is before the parser, at the socket.
 */
import type { Socket } from 'node:net';
import type { Dispatcher } from 'undici';
import { Agent } from 'undici';

export type DownloadAgent = Agent;
export type DownloadBody = Dispatcher.ResponseData['body'];

const IDLE_TIMEOUT_MS = 30_000;

/** More than a body can buffer between two turns of the event loop: writing is synchronous, so the parser never pauses. */
export const BODY_BUFFER_BYTES = 64 * 1024 * 1024;

export interface Valve {
  /** Nothing more is read from the connection, not even its end. */
  shut: () => void;
  open: () => void;
}

/**
 * An agent for one connection at a time, made by `dial` for the origin that it is given. `slowed` means that pauses are ours, so
 * they say nothing about the server.
 */
export function downloadAgent(slowed: boolean, dial: (origin: URL) => Promise<Socket>): { agent: Agent; valve: Valve } {
  let isShut = false;
  let wake = (): void => undefined;
  const agent = new Agent({
    headersTimeout: IDLE_TIMEOUT_MS,
    bodyTimeout: slowed ? 0 : IDLE_TIMEOUT_MS,
    connect: ({ protocol, host }, callback) => {
      dial(new URL(`${protocol}//${String(host)}`)).then(
        (socket) => {
          const read = socket.read.bind(socket);
          socket.read = (size?: number): unknown => (isShut ? null : read(size));
          wake = () => socket.emit('readable');
          callback(null, socket);
        },
        (error: unknown) => {
          callback(error instanceof Error ? error : new Error(String(error)), null);
        },
      );
    },
  });
  return {
    agent,
    valve: {
      shut: () => {
        isShut = true;
      },
      open: () => {
        isShut = false;
        wake();
      },
    },
  };
}
