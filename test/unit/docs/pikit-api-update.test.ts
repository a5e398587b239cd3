/** docs/examples/pikit_api_update.py in a real http.server, before a stand-in on a unix socket and before the real API server. */
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporary } from '../../helpers/device.ts';
import { playedServer } from '../../helpers/played.ts';
import { hasPython, pythonServer } from '../../helpers/python-server.ts';

const PREFIX = '/api/update/';

interface Asked {
  method: string;
  url: string;
  headers: http.IncomingHttpHeaders;
  rawHeaders: string[];
  body: string;
}

/** A server on a unix socket that writes down what it was asked. */
async function standIn(
  answer: (outgoing: http.ServerResponse) => void = (outgoing) => outgoing.end('{}'),
): Promise<{ socket: string; asked: Asked[]; server: http.Server }> {
  const socket = join(temporary(), 'api.sock');
  const asked: Asked[] = [];
  const server = http.createServer((incoming, outgoing) => {
    let body = '';
    incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
    incoming.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = incoming;
      asked.push({ method, url, headers, rawHeaders, body });
      answer(outgoing);
    });
  });
  server.listen(socket);
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { socket, asked, server };
}

/** Everything that a server sends for these bytes, until it closes. */
async function raw(port: number, text: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
  let answer = '';
  socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  await once(socket, 'close');
  return answer;
}

describe.skipIf(!hasPython)('a server of Python with the routes of the updater', () => {
  it('passes the five of the first plan on, and answers everything else itself', async () => {
    const { socket, asked } = await standIn();
    const { url } = await pythonServer(socket);
    const routes = ['GET status', 'POST check', 'POST apply', 'POST rollback', 'POST auto'];
    for (const route of routes) {
      const [method = '', path = ''] = route.split(' ');
      const response = await fetch(
        `${url}${PREFIX}${path}`,
        method === 'GET' ? {} : { method, body: '{"a":1}', headers: { 'content-type': 'application/json' } },
      );
      expect([response.status, await response.text()], route).toEqual([200, '{}']);
    }
    expect(asked.map(({ method, url: path, body }) => `${method} ${path.replace(PREFIX, '')} ${body}`)).toEqual([
      'GET status ',
      ...routes.slice(1).map((route) => `${route} {"a":1}`),
    ]);
    for (const [method, path] of [
      ['GET', '/'],
      ['POST', `${PREFIX}status`],
      ['GET', `${PREFIX}apply`],
      ['PUT', `${PREFIX}apply`],
      ['GET', `${PREFIX}status/`],
      ['GET', '/api/update/%73tatus'],
      ['GET', '/API/update/status'],
    ]) {
      expect(await (await fetch(`${url}${path ?? ''}`, { method: method ?? '' })).text(), path).toBe('the dashboard');
    }
    expect(asked).toHaveLength(5);
  });

  it('leaves Host, Origin and what decides as they came, and keeps back what is about the connection or the login', async () => {
    const { socket, asked } = await standIn();
    const { port } = await pythonServer(socket);
    const headers = [
      'Host: pi.local:8080',
      'Origin: http://pi.local:8080',
      'Sec-Fetch-Site: same-origin',
      'Idempotency-Key: k1',
      'Content-Type: application/json',
      'Accept: application/json',
      'X-Hop: 1',
      'Connection: close',
      'Connection: X-Hop, Origin',
      'TE: trailers',
      'Upgrade: websocket',
      'Cookie: login=secret',
      'Authorization: Basic c2VjcmV0',
      'Content-Length: 2',
    ];
    expect(await raw(port, `POST ${PREFIX}apply?x=1 HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n{}`)).toMatch(/^HTTP\/1\.1 200 /);
    expect(asked[0]?.url).toBe(`${PREFIX}apply?x=1`);
    expect(asked[0]?.headers).toEqual({
      host: 'pi.local:8080',
      origin: 'http://pi.local:8080',
      'sec-fetch-site': 'same-origin',
      'idempotency-key': 'k1',
      'content-type': 'application/json',
      accept: 'application/json',
      'content-length': '2',
      connection: 'close',
    });
  });

  it('hides no second Host from the updater', async () => {
    const { socket, asked } = await standIn();
    const { port } = await pythonServer(socket);
    await raw(port, `GET ${PREFIX}status HTTP/1.1\r\nHost: a\r\nHost: evil.example\r\nConnection: close\r\n\r\n`);
    expect(asked[0]?.rawHeaders.filter((_, index, all) => all[index - 1]?.toLowerCase() === 'host')).toEqual(['a', 'evil.example']);
  });

  it('passes answers on with their status and headers, but for those about the connection', async () => {
    const { socket } = await standIn((outgoing) => {
      outgoing.writeHead(409, {
        'Content-Type': 'application/json',
        'Content-Length': 7,
        'X-Content-Type-Options': 'nosniff',
        'Keep-Alive': 'timeout=5',
      });
      outgoing.end('{"a":1}');
    });
    const { url } = await pythonServer(socket);
    const response = await fetch(`${url}${PREFIX}status`);
    expect([response.status, await response.text()]).toEqual([409, '{"a":1}']);
    const headers = Object.fromEntries(response.headers);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'content-length': '7', 'x-content-type-options': 'nosniff' });
    expect(Object.keys(headers).toSorted()).toEqual(['content-length', 'content-type', 'date', 'x-content-type-options']);
  });

  it.each([['HTTP/1.0' as const], ['HTTP/1.1' as const]])('passes a stream on as it comes (%s)', async (protocol) => {
    let stream: http.ServerResponse | undefined;
    const { socket } = await standIn((outgoing) => {
      stream = outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' });
      stream.write('data: 1\n\n');
    });
    const { url } = await pythonServer(socket, { protocol });
    const response = await fetch(`${url}${PREFIX}apply`, {
      method: 'POST',
      body: '{}',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
    });
    const reader = response.body?.getReader();
    const next = async (): Promise<string> => Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(await next()).toBe('data: 1\n\n');
    stream?.write('data: 2\n\n');
    expect(await next()).toBe('data: 2\n\n');
    stream?.end();
    expect((await reader?.read())?.done).toBe(true);
  });

  it('ends the stream behind it when the client has gone', async () => {
    const { socket, server } = await standIn((outgoing) => {
      outgoing.writeHead(200, { 'Content-Type': 'text/event-stream' });
      // The connection may end between two looks.
      outgoing.on('error', () => undefined);
      const more = (): void => {
        if (!outgoing.destroyed) outgoing.write(': x\n\n', () => setImmediate(more));
      };
      more();
    });
    const { url, complaints } = await pythonServer(socket);
    const connected = new Promise<net.Socket>((resolve) => server.once('connection', resolve));
    const stop = new AbortController();
    await fetch(`${url}${PREFIX}apply`, { method: 'POST', body: '{}', headers: { accept: 'text/event-stream' }, signal: stop.signal });
    // Not once(): a write that meets the end of the connection is no failure of this test.
    const connection = await connected;
    connection.on('error', () => undefined);
    const closed = new Promise((resolve) => connection.once('close', resolve));
    stop.abort();
    await closed;
    expect(complaints()).toBe('');
  });

  it('asks for no stream on a server that answers one after the other', async () => {
    const { socket, asked } = await standIn();
    const { url } = await pythonServer(socket, { kind: 'HTTPServer' });
    await fetch(`${url}${PREFIX}apply`, { method: 'POST', body: '{}', headers: { accept: 'text/event-stream' } });
    expect(asked[0]?.headers.accept).toBeUndefined();
  });

  it.each([
    ['no-listener', (dir: string) => join(dir, 'gone.sock')],
    [
      'a-socket-left-behind',
      (dir: string) => {
        const path = join(dir, 'left.sock');
        fs.writeFileSync(path, '');
        return path;
      },
    ],
  ])('answers 503 as JSON: %s', async (_name, path) => {
    const { url, complaints } = await pythonServer(path(temporary()));
    for (const round of [1, 2]) {
      const response = await fetch(`${url}${PREFIX}status`);
      expect([round, response.status, response.headers.get('content-type')]).toEqual([round, 503, 'application/json; charset=utf-8']);
      expect(await response.json()).toEqual({
        error: {
          code: 'SYSTEMD_UNAVAILABLE',
          message: 'the updater cannot be reached',
          hint: 'is pikit-update-api.socket running? `systemctl status` shows it',
        },
      });
    }
    expect(await (await fetch(url)).text()).toBe('the dashboard');
    expect(complaints()).toBe('');
  });

  it('answers 503 when the updater does not answer, or closes, or talks nonsense', async () => {
    const silent = await standIn(() => undefined);
    const closing = await standIn((outgoing) => outgoing.destroy());
    const rude = join(temporary(), 'rude.sock');
    const server = net.createServer((socket) => socket.end('nonsense\r\n\r\n')).listen(rude);
    onTestFinished(() => {
      server.close();
    });
    for (const [socket, message] of [
      [silent.socket, 'the updater does not answer'],
      [closing.socket, 'the updater cannot be reached'],
      [rude, 'the updater cannot be reached'],
    ]) {
      const { url, complaints } = await pythonServer(socket ?? '', { timeoutS: 0.5 });
      const response = await fetch(`${url}${PREFIX}status`);
      expect([response.status, await response.json()]).toMatchObject([503, { error: { message } }]);
      expect(complaints()).toBe('');
    }
  });

  it('does not let an answer that was cut off look whole', async () => {
    const { socket } = await standIn((outgoing) => {
      outgoing.writeHead(200, { 'Content-Length': 100 });
      outgoing.write('half', () => outgoing.destroy());
    });
    const { url } = await pythonServer(socket);
    const response = await fetch(`${url}${PREFIX}status`);
    await expect(response.text()).rejects.toThrow();
  });

  it.each([
    ['too-large', 'Content-Length: 16385', 413, 'BODY_TOO_LARGE'],
    ['very-large', `Content-Length: ${'9'.repeat(300)}`, 413, 'BODY_TOO_LARGE'],
    ['negative', 'Content-Length: -1', 400, 'REQUEST_INVALID'],
    ['not-a-number', 'Content-Length: 1e3', 400, 'REQUEST_INVALID'],
    ['twice', 'Content-Length: 2\r\nContent-Length: 3', 400, 'REQUEST_INVALID'],
    ['chunked', 'Transfer-Encoding: chunked', 400, 'REQUEST_INVALID'],
    ['both', 'Content-Length: 2\r\nTransfer-Encoding: chunked', 400, 'REQUEST_INVALID'],
    ['folded', 'Content-Length: 2\r\nX-A: 1\r\n 2', 400, 'REQUEST_INVALID'],
  ])('passes nothing on of a request with a body that is %s', async (name, header, status, code) => {
    const { socket, asked } = await standIn();
    const { port, complaints } = await pythonServer(socket);
    // The next request on the same connection must not be read out of the body of this one.
    const answer = await raw(
      port,
      `POST ${PREFIX}apply HTTP/1.1\r\nHost: a\r\n${header}\r\n${name === 'folded' ? 'Connection: close\r\n' : ''}\r\n{}`,
    );
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${String(status)} [\\s\\S]*"code": "${code}"`));
    expect(asked).toEqual([]);
    expect(complaints()).toBe('');
  });

  it('lets go of a client that sends its body one byte an hour', async () => {
    const { socket, asked } = await standIn();
    const { port, complaints } = await pythonServer(socket, { timeoutS: 0.5 });
    expect(await raw(port, `POST ${PREFIX}apply HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{`)).toBe('');
    expect([asked, complaints()]).toEqual([[], '']);
  });

  it('keeps a connection that can be kept', async () => {
    const { socket } = await standIn((outgoing) => outgoing.writeHead(200, { 'Content-Length': 2 }).end('{}'));
    const { port } = await pythonServer(socket);
    const request = (more: string): string => `GET ${PREFIX}status HTTP/1.1\r\nHost: a\r\n${more}\r\n`;
    const answers = await raw(port, request('') + request('') + request('Connection: close\r\n'));
    expect(answers.match(/HTTP\/1\.1 200 /g)).toHaveLength(3);
  });

  it('serves a dashboard before the real API: status, an update that is watched to its end, another origin', async () => {
    const played = await playedServer();
    const { url, complaints } = await pythonServer(played.socket);
    const json = { 'content-type': 'application/json' };
    expect(await (await fetch(`${url}${PREFIX}status`)).json()).toMatchObject({ current: '1.4.0', run: null });
    const stream = await fetch(`${url}${PREFIX}apply`, {
      method: 'POST',
      body: '{}',
      headers: { ...json, origin: url, accept: 'text/event-stream' },
    });
    expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const busy = await fetch(`${url}${PREFIX}check`, { method: 'POST', body: '{}', headers: json });
    expect([busy.status, await busy.json()]).toMatchObject([409, { error: { code: 'BUSY' }, run: { kind: 'update' } }]);
    let text = '';
    const decoder = new TextDecoder();
    const chunks: AsyncIterable<Uint8Array> | null = stream.body;
    expect(chunks).not.toBeNull();
    for await (const chunk of chunks ?? []) {
      text += decoder.decode(chunk, { stream: true });
      played.clock.pass(5000);
    }
    expect(text).toContain('"message":"1.5.0 is installed (before: 1.4.0)"');
    expect(
      (await fetch(`${url}${PREFIX}rollback`, { method: 'POST', body: '{}', headers: { ...json, origin: 'https://evil.example' } })).status,
    ).toBe(403);
    expect((await fetch(`${url}${PREFIX}rollback`, { method: 'POST', body: '{}' })).status).toBe(415);
    const auto = await fetch(`${url}${PREFIX}auto`, { method: 'POST', body: '{"auto":"off"}', headers: json });
    expect(await auto.json()).toMatchObject({ auto: 'off', next_check: null });
    expect(complaints()).toBe('');
  });
});
