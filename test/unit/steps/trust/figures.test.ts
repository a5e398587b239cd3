/** What a signed check with nothing new costs the line: requests, and all bytes of both directions. */
import http from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { check } from '../../../../lib/steps/check.ts';
import { netDeps } from '../../../helpers/device.ts';
import { onSignedSite } from '../../../helpers/tuf-site.ts';

it('is two requests of less than 2 KB together, also for the timer', async () => {
  const { on, tuf, server } = await onSignedSite(['1.0.0']);
  await check(netDeps(on));
  const timestamp = tuf.files.get('timestamp.json') ?? Buffer.alloc(0);
  const asked: string[] = [];
  const sockets = new Set<{ bytesRead: number; bytesWritten: number }>();
  const plain = http.createServer((request, response) => {
    asked.push(request.url ?? '');
    sockets.add(request.socket);
    if (request.url === '/tuf/timestamp.json') response.writeHead(200, { 'content-type': 'application/json' }).end(timestamp);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    plain.closeAllConnections();
    plain.close();
  });
  await server.close();
  const address = plain.address();
  const port = address === null || typeof address === 'string' ? 0 : address.port;
  on.configure({ url: server.url });
  const deps = netDeps(on, { byTimer: true });
  const located = deps.openSource(deps.loadConfig());
  const openSource = (): typeof located => ({
    ...located,
    locate: async (path, request) => {
      const { url, headers } = await located.locate(path, request);
      url.port = String(port);
      return { url, headers };
    },
  });
  await check({ ...deps, openSource });
  const bytes = [...sockets].reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
  console.log(`a signed check with nothing new: ${String(asked.length)} requests, ${String(bytes)} bytes`);
  expect(asked).toEqual(['/tuf/2.root.json', '/tuf/timestamp.json']);
  expect(bytes).toBeGreaterThan(timestamp.length);
  expect(bytes).toBeLessThan(2048);
});
