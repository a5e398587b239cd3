import { once } from 'node:events';
import type { Socket } from 'node:net';
import net from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { request } from 'undici';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BODY_BUFFER_BYTES, downloadAgent } from '../../../lib/io/download-agent.ts';
import { BUNDLE } from '../../helpers/download-bed.ts';
import type { ReleaseServer } from '../../helpers/release-server.ts';
import { releaseServer } from '../../helpers/release-server.ts';

const connect = async (origin: URL): Promise<Socket> => {
  const socket = net.connect(Number(origin.port), origin.hostname);
  await once(socket, 'connect');
  return socket;
};

let server: ReleaseServer;
beforeEach(async () => {
  server = await releaseServer();
});
afterEach(async () => {
  await server.close();
});

it('reads nothing while the valve is shut, and everything once it is open', async () => {
  server.at('/bundle', { body: BUNDLE, untilClose: true });
  const { agent, valve } = downloadAgent(true, connect);
  const response = await request(server.url('/bundle'), { dispatcher: agent, highWaterMark: BODY_BUFFER_BYTES });
  valve.shut();
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
  const before = response.body.readableLength;
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
  expect(response.body.readableLength).toBe(before);
  expect(before).toBeLessThan(BUNDLE.length);
  valve.open();
  expect(Buffer.from(await response.body.arrayBuffer()).equals(BUNDLE)).toBe(true);
  await agent.destroy();
});

it('reports a connection that cannot be made', async () => {
  await server.close();
  const { agent } = downloadAgent(false, connect);
  await expect(request(server.url('/bundle'), { dispatcher: agent })).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await agent.destroy();
});
