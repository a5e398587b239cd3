/**
 * Answers that go on: `text/event-stream`, a few at a time. A client that does not read is let go of as soon as more than
 * a bound is waiting for it; it comes back by itself and finds the state as it is then. Who has more to say than that waits for it.
 */
import type { ServerResponse } from 'node:http';
import { UpdateError } from '../core/errors.ts';
import { HEADERS } from './answer.ts';
import type { ApiLimits } from './deps.ts';

const RETRY_MS = 2000;

export interface EventStream {
  send: (event: { event: string; id: string | null; data: string }) => void;
  /** Seen by no handler of a browser, and by every proxy: the connection lives. */
  comment: (text: string) => void;
  /** Resolves when all that was sent is on its way, or the stream has closed. A client that takes nothing for four heartbeats is let go of. */
  drained: () => Promise<void>;
  end: () => void;
  /** Aborted when the client has gone, was let go of, or the stream was ended. */
  closed: AbortSignal;
}

export interface Slot {
  /** Begins the answer. */
  open: (response: ServerResponse) => EventStream;
  /** Gives the place back when nothing was opened in it. */
  release: () => void;
}

export interface EventStreams {
  /** Throws TOO_MANY_STREAMS. */
  take: () => Slot;
  /** Those that are opened later end at once. */
  endAll: () => void;
}

export function eventStreams(limits: ApiLimits): EventStreams {
  const open = new Set<Slot>();
  const ends = new Set<() => void>();
  let hasEnded = false;
  return {
    take: () => {
      if (open.size >= limits.streams) {
        throw new UpdateError('TOO_MANY_STREAMS', `${String(limits.streams)} streams are open already`, {
          hint: 'close another window of the dashboard',
          retryAfterMs: 10_000,
        });
      }
      const slot: Slot = {
        open: (response) => {
          const stream = begin(response, limits);
          ends.add(stream.end);
          const closed = (): void => {
            ends.delete(stream.end);
            slot.release();
          };
          if (stream.closed.aborted) closed();
          else stream.closed.addEventListener('abort', closed, { once: true });
          if (hasEnded) stream.end();
          return stream;
        },
        release: () => open.delete(slot),
      };
      open.add(slot);
      return slot;
    },
    endAll: () => {
      hasEnded = true;
      for (const end of [...ends]) end();
    },
  };
}

function begin(response: ServerResponse, limits: ApiLimits): EventStream {
  const gone = new AbortController();
  let flushed = Promise.resolve();
  /** Somebody waits until this client has read. */
  let isDraining = false;
  const write = (text: string): void => {
    if (gone.signal.aborted) return;
    if (response.writableLength > limits.bufferedBytes) {
      letGo();
      return;
    }
    flushed = new Promise((resolve) => {
      response.write(text, () => {
        resolve();
      });
    });
  };
  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      const patience = setTimeout(letGo, 4 * limits.heartbeatMs);
      isDraining = true;
      const done = (): void => {
        clearTimeout(patience);
        gone.signal.removeEventListener('abort', done);
        isDraining = false;
        resolve();
      };
      gone.signal.addEventListener('abort', done, { once: true });
      if (gone.signal.aborted) done();
      else void flushed.then(done);
    });
  const comment = (text: string): void => {
    write(`: ${text}\n\n`);
  };
  const beat = setInterval(() => {
    if (!isDraining) comment('still here');
  }, limits.heartbeatMs);
  const closed = (): void => {
    clearInterval(beat);
    gone.abort();
  };
  const letGo = (): void => {
    response.destroy();
    closed();
  };
  response.on('error', () => undefined);
  response.once('close', closed);
  // nginx keeps back what it is sent until a buffer is full, unless it is told not to.
  response.writeHead(200, { ...HEADERS, 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no', Connection: 'close' });
  if (response.destroyed) closed();
  write(`retry: ${String(RETRY_MS)}\n\n`);
  return {
    send: ({ event, id, data }) => {
      write(`event: ${event}\n${id === null ? '' : `id: ${id}\n`}data: ${data}\n\n`);
    },
    comment,
    drained,
    end: () => {
      closed();
      response.end();
    },
    closed: gone.signal,
  };
}
