/** A TCP relay in front of a server: the first connections go through, and every later one meets a fault. One connection is one request of ours. */
import net from 'node:net';
import { onTestFinished } from 'vitest';
import { listening } from './listening.ts';

const FAULTS = {
  'switches protocols': (socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  },
  'switches and closes': (socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  },
  closes: (socket) => {
    socket.destroy();
  },
  'closes in the head': (socket) => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Le');
  },
  'closes in the body': (socket) => {
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{');
  },
  'is informative without end': (socket) => {
    const more = (): void => {
      if (!socket.destroyed) socket.write('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n', () => setImmediate(more));
    };
    more();
  },
  'never answers': () => undefined,
} satisfies Record<string, (socket: net.Socket) => void>;

export type Fault = keyof typeof FAULTS;
export const ALL_FAULTS = Object.keys(FAULTS).filter((name): name is Fault => name in FAULTS);

export interface FaultyLine {
  url: string;
  /** Connections so far. */
  seen: () => number;
  /** From the n-th connection on, counted from 1; 0 for none. Counts anew. */
  breakFrom: (n: number, fault: Fault) => void;
}

/** Relays to a port of 127.0.0.1 until the test ends. */
export async function faultyLine(to: number): Promise<FaultyLine> {
  let seen = 0;
  let from = 0;
  let fault: Fault = 'closes';
  const open = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    seen += 1;
    open.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => open.delete(socket));
    if (from > 0 && seen >= from) {
      const meet = FAULTS[fault];
      socket.once('data', () => {
        meet(socket);
      });
      return;
    }
    const there = net.connect(to, '127.0.0.1');
    there.on('error', () => socket.destroy());
    socket.pipe(there).pipe(socket);
  });
  const port = await listening(server);
  onTestFinished(() => {
    for (const socket of open) socket.destroy();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${String(port)}/`,
    seen: () => seen,
    breakFrom: (n, how) => {
      seen = 0;
      from = n;
      fault = how;
    },
  };
}
