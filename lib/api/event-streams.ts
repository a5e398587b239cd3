/**
 * Answers that go on: `text/event-stream`, a few at a time. A client that does not read is let go of as soon as more than
 * a bound is waiting for it; it reconnects and gets the current state. A writer with more data than that waits for it.
 */
import type { ServerResponse } from 'node:http';
import { UpdateError, errorJson } from '../core/errors.ts';
import { HEADERS } from './answer.ts';
import type { ApiLimits } from './deps.ts';

const RETRY_MS = 2000;
const GIVEN_UP_RETRY_MS = 30_000;

export interface EventStream {
  send: (event: { event: string; id: string | null; data: string }) => void;
  /** Seen by no handler of a browser, and by every proxy: the connection lives. */
  comment: (text: string) => void;
  /** Resolves when all that was sent is on its way, or the stream has closed. A client that takes nothing for four heartbeats is let go of. */
  drained: () => Promise<void>;
  end: () => void;
  /** Ends it with a `failure`, and asks the client not to come back sooner than that. */
  giveUp: (data: string, retryMs: number) => void;
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
  /**
   * A place for who watches. When there is none, the client that has most loses its oldest stream, and is told so: the newcomer
   * may be the owner, and a client with a single stream is the last to lose it. Throws TOO_MANY_STREAMS when starts have all.
   */
  take: (client: string) => Slot;
  /** A place for a client that watches the run it started, which ends by itself: no other client takes it. Throws TOO_MANY_STREAMS. */
  takeForStart: () => Slot;
  /** Those that are opened later end at once. */
  endAll: () => void;
}

/** Kept free of those who only watch, so that a start can always be watched. */
const FOR_STARTS = 2;

interface Place {
  slot: Slot;
  /** Null for a start. */
  client: string | null;
  stream: EventStream | null;
  isTaken: boolean;
}

export function eventStreams(limits: ApiLimits): EventStreams {
  /** Oldest first. */
  const places = new Set<Place>();
  let hasEnded = false;

  function add(client: string | null): Slot {
    const place: Place = {
      client,
      stream: null,
      isTaken: false,
      slot: {
        open: (response) => {
          const stream = begin(response, limits);
          place.stream = stream;
          const closed = (): void => {
            places.delete(place);
          };
          if (stream.closed.aborted) closed();
          else stream.closed.addEventListener('abort', closed, { once: true });
          if (place.isTaken) giveUp(stream);
          if (hasEnded) stream.end();
          return stream;
        },
        release: () => places.delete(place),
      },
    };
    places.add(place);
    return place.slot;
  }

  /** Takes one place of those who watch; a newcomer counts as one more of its client. */
  function takeAway(newcomer: string | null): void {
    const watching = [...places].filter(({ client }) => client !== null);
    const countOf = (client: string | null): number => watching.filter((one) => one.client === client).length + (client === newcomer ? 1 : 0);
    const most = Math.max(...watching.map(({ client }) => countOf(client)));
    const place = watching.find(({ client }) => countOf(client) === most);
    if (place === undefined) throw tooMany(limits);
    places.delete(place);
    place.isTaken = true;
    if (place.stream !== null) giveUp(place.stream);
  }

  return {
    take: (client) => {
      const watching = [...places].filter((place) => place.client !== null).length;
      if (watching >= Math.max(1, limits.streams - FOR_STARTS) || places.size >= limits.streams) takeAway(client);
      return add(client);
    },
    takeForStart: () => {
      if (places.size >= limits.streams) takeAway(null);
      return add(null);
    },
    endAll: () => {
      hasEnded = true;
      for (const { stream } of [...places]) stream?.end();
    },
  };
}

function tooMany({ streams }: ApiLimits): UpdateError {
  return new UpdateError('TOO_MANY_STREAMS', `${String(streams)} event streams are already open`, {
    hint: 'close another window of the dashboard',
    retryAfterMs: 10_000,
  });
}

/** An EventSource that comes back at once would take the place of the next one, which comes back as well, and so on. */
function giveUp(stream: EventStream): void {
  stream.giveUp(JSON.stringify({ error: errorJson(GIVEN_UP) }), GIVEN_UP_RETRY_MS);
}

const GIVEN_UP = new UpdateError('TOO_MANY_STREAMS', 'another event stream was opened and replaced this one', {
  hint: 'close another window of the dashboard',
});

function begin(response: ServerResponse, limits: ApiLimits): EventStream {
  const gone = new AbortController();
  let flushed = Promise.resolve();
  /** A writer waits until this client has read. */
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
  const end = (): void => {
    closed();
    response.end();
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
    end,
    giveUp: (data, retryMs) => {
      write(`retry: ${String(retryMs)}\nevent: failure\ndata: ${data}\n\n`);
      end();
    },
    closed: gone.signal,
  };
}
