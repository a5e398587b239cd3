import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import type { Connections } from '../../../lib/api/connections.ts';
import { connections } from '../../../lib/api/connections.ts';

interface Bed {
  port: number;
  door: Connections;
  /** Answers what waits. */
  answer: () => void;
  /** Connects, and sends this. */
  client: (text: string) => net.Socket;
  /** Resolves when the server has as many connections as this. */
  counts: (count: number) => Promise<void>;
}

const GET = 'GET /now HTTP/1.1\r\nHost: x\r\n\r\n';
const WAIT = 'GET /wait HTTP/1.1\r\nHost: x\r\n\r\n';
const BIG = 'GET /big HTTP/1.1\r\nHost: x\r\n\r\n';

async function bed(patienceMs = 60_000): Promise<Bed> {
  const door = connections(patienceMs);
  const waiting: http.ServerResponse[] = [];
  const server = http.createServer({ keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
    if (!door.asked(incoming, outgoing)) return;
    door.letIn(incoming);
    if (incoming.url === '/wait') waiting.push(outgoing);
    else outgoing.end(incoming.url === '/big' ? Buffer.alloc(16 * 1024 * 1024) : 'now');
  });
  server.on('connection', door.add);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets: net.Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const port = portOf(server);
  return {
    port,
    door,
    answer: () => {
      for (const outgoing of waiting.splice(0)) outgoing.end('at last');
    },
    client: (text) => {
      const socket = net.connect(port, '127.0.0.1');
      socket.on('error', () => undefined);
      socket.write(text);
      sockets.push(socket);
      return socket;
    },
    counts: async (count) => {
      const now = (): Promise<number> =>
        new Promise((resolve) => {
          server.getConnections((_error, found) => {
            resolve(found);
          });
        });
      await expect.poll(now, { timeout: 5000 }).toBe(count);
    },
  };
}

function portOf(server: net.Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Its first answer, or that it was closed without one. */
async function firstOf(socket: net.Socket): Promise<string> {
  return await new Promise((resolve) => {
    socket.once('data', (chunk: Buffer) => {
      resolve(chunk.toString());
    });
    socket.once('close', () => {
      resolve('closed');
    });
  });
}

const closed = (socket: net.Socket): Promise<unknown> => once(socket.resume(), 'close');

it('lets go of those that wait for nothing, the oldest first, and keeps those that do', async () => {
  const { client, counts, answer } = await bed();
  const idle = client(GET);
  expect(await firstOf(idle)).toContain('now');
  const silent = client('GET /');
  const waits = Array.from({ length: 30 }, () => client(WAIT));
  await counts(32);
  // They may still be sending: each of them is heard first.
  const many = Array.from({ length: 40 }, () => client('GET /'));
  await Promise.all([closed(idle), closed(silent)]);
  await counts(64);
  expect(many.slice(8).every((socket) => !socket.destroyed)).toBe(true);
  const answers = Promise.all(waits.map(firstOf));
  answer();
  expect((await answers).every((text) => text.includes('at last'))).toBe(true);
});

it('has room for newcomers up to a bound, and takes it from the oldest of them', async () => {
  const { client, counts } = await bed();
  const first = client('');
  await counts(1);
  for (let at = 0; at < 520; at += 1) client('');
  await closed(first);
  const last = client(GET);
  expect(await firstOf(last)).toContain('now');
});

it('lets go of who does not read an answer', async () => {
  const { client, counts } = await bed(200);
  const deaf = client(BIG);
  deaf.pause();
  await counts(1);
  await counts(0);
});

it('is gone a second after its last words, whatever the client does', async () => {
  const { door, client, counts } = await bed();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    door.add(socket);
    door.closeWith(socket, 'enough');
    expect(door.isClosing(socket)).toBe(true);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const port = portOf(server);
  const stays = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => void stays.destroy());
  stays.on('error', () => undefined);
  expect(await firstOf(stays)).toBe('enough');
  const begun = performance.now();
  const count = (): Promise<number> =>
    new Promise((resolve) => {
      server.getConnections((_error, found) => {
        resolve(found);
      });
    });
  await expect.poll(count, { timeout: 5000 }).toBe(0);
  expect(performance.now() - begun).toBeLessThan(3000);
  // The other server is none of its business.
  client(GET);
  await counts(1);
});

it('takes two requests at once from one connection, and ends it after them', async () => {
  const { client, answer } = await bed();
  const socket = client(WAIT.repeat(5));
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const gone = once(socket, 'close');
  const beside = client(GET);
  expect(await firstOf(beside)).toContain('now');
  answer();
  await gone;
  expect(text.match(/at last/g)).toHaveLength(2);
  expect(text).toContain('Connection: close');
});

it('ends those that have not asked, and leaves those that wait for an answer', async () => {
  const { door, client, counts, answer } = await bed();
  const silent = client('GET /');
  const waits = client(WAIT);
  await counts(2);
  const answered = firstOf(waits);
  await expect.poll(() => (door.endIdle(), silent.resume().destroyed)).toBe(true);
  answer();
  expect(await answered).toContain('at last');
});
