/**
 * The undici agent of one download, and a valve on its connection. A download that shall be slow must not leave the body unread:
 * then undici pauses its parser, and an end of the connection meanwhile is an assertion that nobody can catch
 * (HACK: nodejs/undici#5360, fixed in 8 only, which needs Node 22). So the valve is before the parser, at the socket.
 */
import { Agent, buildConnector } from 'undici';

const CONNECT_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 30_000;

/** More than a body can buffer between two turns of the event loop: writing is synchronous, so the parser never pauses. */
export const BODY_BUFFER_BYTES = 64 * 1024 * 1024;

export interface Valve {
  /** Nothing more is read from the connection, not even its end. */
  shut: () => void;
  open: () => void;
}

/** An agent for one connection at a time. `slowed` means that pauses are ours, so they say nothing about the server. */
export function downloadAgent(slowed: boolean): { agent: Agent; valve: Valve } {
  const connect = buildConnector({ timeout: CONNECT_TIMEOUT_MS, autoSelectFamily: true });
  let isShut = false;
  let wake = (): void => undefined;
  const agent = new Agent({
    headersTimeout: IDLE_TIMEOUT_MS,
    bodyTimeout: slowed ? 0 : IDLE_TIMEOUT_MS,
    connect: (options, callback) => {
      connect(options, (...[error, socket]) => {
        if (error !== null) {
          callback(error, null);
          return;
        }
        const read = socket.read.bind(socket);
        socket.read = (size?: number): unknown => (isShut ? null : read(size));
        wake = () => socket.emit('readable');
        callback(null, socket);
      });
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
