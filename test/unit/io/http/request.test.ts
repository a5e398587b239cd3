import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ServerAnswer } from '../../../../lib/io/http/request.ts';
import { discard, request } from '../../../../lib/io/http/request.ts';
import { listening } from '../../../helpers/listening.ts';

/** A server that writes this to each request, and closes when that is wanted. */
async function asking(bytes: string, closes: boolean, signal = new AbortController().signal): Promise<ServerAnswer> {
  const sockets: net.Socket[] = [];
  const server = net.createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => (closes ? socket.end(bytes) : socket.write(bytes)));
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const port = await listening(server);
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const url = new URL(`http://127.0.0.1:${String(port)}/`);
  const { outgoing, answer } = request({ socket, reader: null, near: 2 }, url, { headers: {}, signal });
  outgoing.end();
  return await answer;
}

describe('the answer to a request', () => {
  it('is the final one, after some that only inform', async () => {
    const answer = await asking('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(32) + 'HTTP/1.1 204 No Content\r\n\r\n', true);
    expect(answer.status).toBe(204);
  });

  it.each([
    ['switch', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n', false, /it answered 101 and switched to a protocol/],
    ['switch-and-close', 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n', true, /it answered 101/],
    ['many-informational', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(33), false, /more than 32 informational responses/],
  ])('is HTTP_PROTOCOL for what is none: %s', async (_name, bytes, closes, says) => {
    await expect(asking(bytes, closes)).rejects.toThrow(says);
    await expect(asking(bytes, closes)).rejects.toMatchObject({ code: 'HTTP_PROTOCOL' });
  });

  it.each([
    ['nothing', ''],
    ['half-a-head', 'HTTP/1.1 200 OK\r\nContent-Le'],
    ['informational', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('rejects with the error of the connection that ended: %s', async (_name, bytes) => {
    await expect(asking(bytes, true)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('rejects with the reason of the signal, before and meanwhile', async () => {
    const stop = new AbortController();
    const waiting = asking('', false, stop.signal);
    const rejected = expect(waiting).rejects.toThrow('enough');
    stop.abort(new Error('enough'));
    await rejected;
    await expect(asking('', false, stop.signal)).rejects.toThrow('enough');
  });

  it('has each header once, and an end of its own', async () => {
    const answer = await asking('HTTP/1.1 200 OK\r\nX-One: a\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 9\r\n\r\nhalf', false);
    expect(['x-one', 'set-cookie', 'x-none'].map(answer.header)).toEqual(['a', null, null]);
    discard(answer.body);
    await once(answer.body, 'close');
  });
});
