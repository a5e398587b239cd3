import type net from 'node:net';
import { expect, it } from 'vitest';
import { statusOf } from '../../helpers/api-server.ts';
import { served } from './served.ts';

/** What came until the server was gone, for a client that itself never closes. */
async function untilGone(socket: net.Socket, texts: readonly string[]): Promise<string> {
  socket.allowHalfOpen = true;
  let all = '';
  socket.on('error', () => undefined);
  socket.setEncoding('latin1').on('data', (chunk: string) => (all += chunk));
  for (const text of texts) socket.write(text);
  await new Promise((resolve) => socket.once('end', resolve));
  // One whose other side is gone cannot be written to.
  await expect
    .poll(() => {
      if (socket.writable) socket.write('x');
      return socket.destroyed || !socket.writable;
    })
    .toBe(true);
  return all;
}

it('closes both sides of a connection with its answer, also when the client stays', async () => {
  const api = await served();
  for (const [status, ...texts] of [
    [400, 'NOT HTTP\r\n\r\n'],
    [400, 'NOT HTTP\r\n\r\n', 'nor this\r\n\r\n', 'x'.repeat(100_000)],
    [431, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`],
    [403, 'POST /api/update/check HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\n\r\n'],
  ] as const) {
    const answer = await untilGone(api.connect(), texts);
    expect([statusOf(answer), answer.match(/HTTP\/1\.1/g)?.length]).toEqual([status, 1]);
  }
});
