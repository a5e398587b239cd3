import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { SendRequest, Sent } from '../../../../lib/io/http/upload.ts';
import { send } from '../../../../lib/io/http/upload.ts';
import { multipartFile, readBody } from '../../../helpers/gitea-transfer.ts';
import { containing } from '../../../helpers/matchers.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { listening } from '../../../helpers/listening.ts';

const dir = useTempDir();
const signal = new AbortController().signal;
let close = (): void => undefined;
afterEach(() => {
  close();
});

interface Seen {
  method: string;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
}

/** A server that takes what comes, and one answer. */
async function serve(listener: http.RequestListener, event: 'request' | 'checkContinue' = 'request'): Promise<URL> {
  const server = http.createServer(event === 'request' ? listener : undefined);
  if (event === 'checkContinue') server.on(event, listener);
  const port = await listening(server);
  close = () => {
    server.close();
    server.closeAllConnections();
  };
  return new URL(`http://127.0.0.1:${String(port)}/x`);
}

async function sendTo(body: SendRequest['body'], listenTo: 'request' | 'checkContinue' = 'request'): Promise<{ seen: Seen; sent: Sent }> {
  const all: Seen[] = [];
  const url = await serve((request, response) => {
    if (listenTo === 'checkContinue') response.writeContinue();
    void readBody(request).then((bytes) => {
      all.push({ method: request.method ?? '', headers: request.headers, body: bytes });
      response.writeHead(201, { 'x-answer': 'yes' }).end('{"ok":true}');
    });
  }, listenTo);
  const sent = await send(url, { method: 'POST', headers: { 'x-mine': '1' }, body, signal });
  const [seen] = all;
  if (seen === undefined) throw new Error('nothing came');
  return { seen, sent };
}

function file(bytes: Buffer): { path: string; size: number; field: string; name: string } {
  fs.writeFileSync(join(dir(), 'f'), bytes);
  return { path: join(dir(), 'f'), size: bytes.length, field: 'attachment', name: 'f.tar.gz' };
}

describe('send', () => {
  it('sends bytes with their length, and reads the answer', async () => {
    const { seen, sent } = await sendTo({ bytes: Buffer.from('{"a":1}'), type: 'application/json' });
    expect(seen).toMatchObject({ method: 'POST', headers: { 'x-mine': '1', 'content-type': 'application/json', 'content-length': '7' } });
    expect(seen.body.toString()).toBe('{"a":1}');
    expect([sent.status, sent.header('x-answer'), sent.header('x-none'), sent.body.toString()]).toEqual([201, 'yes', null, '{"ok":true}']);
  });

  it.each([
    ['empty', Buffer.alloc(0)],
    ['one byte', Buffer.from('x')],
    ['with what looks like an end', Buffer.from('\r\n--pikit-0--\r\n')],
    ['large', Buffer.alloc(3_000_000, 'ab\r\n')],
  ])('sends a file as a form, its length known: %s', async (_name, bytes) => {
    const { seen } = await sendTo(file(bytes), 'checkContinue');
    expect(seen.headers['transfer-encoding']).toBeUndefined();
    expect(Number(seen.headers['content-length'])).toBe(seen.body.length);
    expect(multipartFile(seen.body, seen.headers['content-type'] ?? '').equals(bytes)).toBe(true);
  });

  it('sends nothing', async () => {
    expect((await sendTo(null)).seen).toMatchObject({ headers: { 'content-length': '0' } });
  });

  it('hears a refusal before it has sent a byte of the file', async () => {
    let received = 0;
    const url = await serve((request, response) => {
      request.on('data', (chunk: Buffer) => (received += chunk.length));
      response.writeHead(413, { connection: 'close' }).end('too large');
    }, 'checkContinue');
    const sent = await send(url, { method: 'POST', headers: {}, body: file(Buffer.alloc(5_000_000)), signal });
    expect([sent.status, sent.body.toString(), received]).toEqual([413, 'too large', 0]);
  });

  it('does not wait for ever for a server that does not know the question', async () => {
    let body = '';
    const server = net.createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        body += chunk.toString('latin1');
        if (body.endsWith('--\r\n')) socket.end('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n');
      });
    });
    const url = new URL(`http://127.0.0.1:${String(await listening(server))}/`);
    close = () => server.close();
    expect((await send(url, { method: 'POST', headers: {}, body: file(Buffer.from('hello')), signal })).status).toBe(201);
    expect(body).toContain('\r\n\r\nhello\r\n--pikit-');
  });

  it('follows no redirect', async () => {
    const url = await serve((_request, response) => response.writeHead(307, { location: '/y' }).end());
    const sent = await send(url, { method: 'DELETE', headers: {}, body: null, signal });
    expect([sent.status, sent.header('location')]).toEqual([307, '/y']);
  });

  it.each<[string, http.RequestListener, string]>([
    ['cut-off', (request) => request.socket.destroy(), 'SERVER_UNREACHABLE'],
    ['endless-answer', (_request, response) => response.end(Buffer.alloc(2_000_000)), 'RESPONSE_TOO_LARGE'],
  ])('fails with a code: %s', async (_name, listener, code) => {
    const url = await serve(listener);
    await expect(send(url, { method: 'POST', headers: {}, body: { bytes: Buffer.from('x'), type: 'text/plain' }, signal })).rejects.toMatchObject({
      code,
    });
  });

  it('does not send a file that shrank as if it were whole', async () => {
    const url = await serve((request, response) => {
      void readBody(request).then(
        () => response.end(),
        () => undefined,
      );
    });
    const body = { ...file(Buffer.from('short')), size: 500 };
    await expect(send(url, { method: 'POST', headers: {}, body, signal })).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      message: containing('shrank'),
    });
  });

  it('ends as soon as it is cancelled', async () => {
    const cancel = new AbortController();
    const url = await serve(() => {
      cancel.abort();
    });
    await expect(send(url, { method: 'POST', headers: {}, body: null, signal: cancel.signal })).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});
