import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Reach } from '../../../../lib/io/http/download-agent.ts';
import { reachOf } from '../../../../lib/io/http/download-agent.ts';
import { plainWire } from '../../../../lib/io/http/wire.ts';
import { BUNDLE } from '../../../helpers/download-bed.ts';
import type { ReleaseServer } from '../../../helpers/release-server.ts';
import { releaseServer } from '../../../helpers/release-server.ts';

const reaching = (slowed: boolean): Reach => reachOf(plainWire({}), new AbortController().signal, slowed);

let server: ReleaseServer;
beforeEach(async () => {
  server = await releaseServer();
});
afterEach(async () => {
  await server.close();
});

it('reads nothing while the valve is shut, and everything once it is open', async () => {
  server.at('/bundle', { body: BUNDLE, untilClose: true });
  const { agent, valve, ask } = reaching(true);
  const { body } = (await ask(server.url('/bundle'), 2, {})).answer;
  valve.shut();
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
  const before = body.readableLength;
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
  expect(body.readableLength).toBe(before);
  expect(before).toBeLessThan(BUNDLE.length);
  valve.open();
  expect(Buffer.concat(await body.toArray()).equals(BUNDLE)).toBe(true);
  await agent.destroy();
});

it('reports a connection that cannot be made', async () => {
  await server.close();
  const { agent, ask } = reaching(false);
  await expect(ask(server.url('/bundle'), 2, {})).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await agent.destroy();
});
