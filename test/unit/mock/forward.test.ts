import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { forward } from '../../../lib/mock/forward.ts';
import { temporary } from '../../helpers/device.ts';

async function listen(server: http.Server, at: string | number): Promise<string> {
  server.listen(at);
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${String(address.port)}` : at.toString();
}

async function before(socketPath: string): Promise<string> {
  return await listen(
    http.createServer((incoming, outgoing) => {
      forward(incoming, outgoing, { socketPath, target: incoming.url ?? '' });
    }),
    0,
  );
}

it('passes on what was asked and what is answered, as it comes', async () => {
  const socket = join(temporary(), 'x.sock');
  await listen(
    http.createServer((incoming, outgoing) => {
      outgoing.writeHead(202, { 'x-seen': `${incoming.method ?? ''} ${incoming.url ?? ''} ${incoming.headers.host ?? ''}` });
      incoming.pipe(outgoing);
    }),
    socket,
  );
  const url = await before(socket);
  const response = await fetch(`${url}/a?b=%20c`, { method: 'POST', body: 'hello' });
  expect([response.status, response.headers.get('x-seen'), await response.text()]).toEqual([202, `POST /a?b=%20c ${url.slice(7)}`, 'hello']);
});

it('lets go of the one side when the other has gone', async () => {
  const socket = join(temporary(), 'x.sock');
  const behind = http.createServer((_incoming, outgoing) => {
    outgoing.write('begun');
  });
  await listen(behind, socket);
  const url = await before(socket);
  const arrived = new Promise<http.ServerResponse>((resolve) => {
    behind.once('request', (_incoming, outgoing) => {
      resolve(outgoing);
    });
  });
  const stop = new AbortController();
  const reading = fetch(url, { signal: stop.signal }).then((response) => response.text());
  const closed = once(await arrived, 'close');
  stop.abort();
  await expect(reading).rejects.toThrow();
  await closed;
});

it('says so when no device is there', async () => {
  const url = await before(join(temporary(), 'no.sock'));
  const response = await fetch(url);
  expect([response.status, await response.json()]).toMatchObject([503, { error: { code: 'SYSTEMD_UNAVAILABLE' } }]);
});
