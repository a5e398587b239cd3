/**
 * Who is connected at one door. No client is turned away: when the door is full, the connection that is worth least goes, so that
 * clients which are slow, idle or not let in keep no other client out. Each answer has a bound for how long its client may take it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** Above this, connections end by their worth. */
const MOST = 64;
/** A client that has just come may still be sending: it goes only when there are as many as this. */
const MOST_NEWCOMERS = 512;
const GRACE_MS = 1000;
/** Browsers and proxies wait for an answer before they ask again on a connection. */
const MOST_PIPELINED = 2;
/** For a client to read why it is refused: closed with something unread, the connection is reset and takes the answer with it. */
const LINGER_MS = 1000;

/** What is being asked and answered on a connection. */
interface Exchange {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  isLetIn: boolean;
}

interface Visit {
  since: number;
  exchanges: Set<Exchange>;
  hasBeenAnswered: boolean;
  isClosing: boolean;
}

export interface Connections {
  add: (socket: Socket) => void;
  /** A request has begun. False for one that is not to be answered, since too many came at once. */
  asked: (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;
  /** The request has passed the guards. */
  letIn: (incoming: IncomingMessage) => void;
  /** Ends a connection with these last words. It is gone a second later, whatever the client does. */
  closeWith: (socket: Socket, text: string) => void;
  /** Whether those words were said. */
  isClosing: (socket: Socket) => boolean;
  /** Ends those that wait for no answer, since they have not asked, or not to the end. */
  endIdle: () => void;
}

/** From what goes first to what goes last. */
const WORTH = { closing: 0, idle: 1, silent: 2, sending: 3, reading: 4, waiting: 5 };

/** `patienceMs` is how long a client may take to read an answer that is complete. */
export function connections(patienceMs: number): Connections {
  /** Oldest first. */
  const visits = new Map<Socket, Visit>();
  let retry: NodeJS.Timeout | null = null;

  function trim(): void {
    while (visits.size > MOST) {
      const grace = visits.size > MOST_NEWCOMERS ? 0 : GRACE_MS;
      const victim = leastWorth(visits, performance.now() - grace);
      if (victim === null) {
        retry ??= setTimeout(() => {
          retry = null;
          trim();
        }, GRACE_MS).unref();
        return;
      }
      visits.delete(victim);
      victim.destroy();
    }
  }

  return {
    add: (socket) => {
      visits.set(socket, { since: performance.now(), exchanges: new Set(), hasBeenAnswered: false, isClosing: false });
      socket.once('close', () => visits.delete(socket));
      trim();
    },
    asked: (incoming, outgoing) => {
      const { socket } = incoming;
      const visit = visits.get(socket);
      if (visit === undefined || visit.exchanges.size >= MOST_PIPELINED) {
        // What else it sends stays where it is, until the last answer closes the connection.
        socket.pause();
        return false;
      }
      const exchange = { incoming, outgoing, isLetIn: false };
      visit.exchanges.add(exchange);
      if (visit.exchanges.size === MOST_PIPELINED) outgoing.setHeader('Connection', 'close');
      let patience: NodeJS.Timeout | null = null;
      outgoing.once('prefinish', () => {
        patience = setTimeout(() => socket.destroy(), patienceMs);
      });
      outgoing.once('close', () => {
        if (patience !== null) clearTimeout(patience);
        visit.exchanges.delete(exchange);
        visit.hasBeenAnswered = true;
      });
      return true;
    },
    letIn: (incoming) => {
      for (const exchange of visits.get(incoming.socket)?.exchanges ?? []) if (exchange.incoming === incoming) exchange.isLetIn = true;
    },
    closeWith: (socket, text) => {
      const visit = visits.get(socket);
      if (visit !== undefined) visit.isClosing = true;
      const end = (): void => {
        socket.destroy();
      };
      const deadline = setTimeout(end, LINGER_MS);
      socket.once('close', () => {
        clearTimeout(deadline);
      });
      socket.once('end', end);
      socket.end(text);
      socket.resume();
    },
    isClosing: (socket) => visits.get(socket)?.isClosing === true,
    endIdle: () => {
      for (const [socket, visit] of visits) if (worthOf(visit) <= WORTH.sending) socket.destroy();
    },
  };
}

/** Of those that came before `until`; among equals the one that has been here longest. */
function leastWorth(visits: ReadonlyMap<Socket, Visit>, until: number): Socket | null {
  let [found, least]: [Socket | null, number] = [null, Infinity];
  for (const [socket, visit] of visits) {
    if (visit.since > until) break;
    const worth = worthOf(visit);
    if (worth < least) [found, least] = [socket, worth];
  }
  return found;
}

function worthOf({ isClosing, exchanges, hasBeenAnswered }: Visit): number {
  if (isClosing) return WORTH.closing;
  const [first] = exchanges;
  if (first === undefined) return hasBeenAnswered ? WORTH.idle : WORTH.silent;
  if (!first.isLetIn) return WORTH.silent;
  if (!first.incoming.complete) return WORTH.sending;
  return first.outgoing.writableEnded ? WORTH.reading : WORTH.waiting;
}
