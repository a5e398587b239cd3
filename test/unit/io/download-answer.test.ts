import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { follow, reachOf } from '../../../lib/io/download-answer.ts';
import { waits } from '../../../lib/io/waits.ts';
import type { Wire } from '../../../lib/io/wire.ts';
import { plainWire } from '../../../lib/io/wire.ts';
import { temporary } from '../../helpers/device.ts';
import type { ReleaseServer } from '../../helpers/release-server.ts';
import { releaseServer } from '../../helpers/release-server.ts';

let server: ReleaseServer;
beforeEach(async () => {
  server = await releaseServer();
});
afterEach(async () => {
  await server.close();
});

async function ask(path: string, wire: Wire = plainWire({})): Promise<string> {
  const reach = reachOf(wire, new AbortController().signal, false);
  try {
    const { body } = await follow(server.url(path), { plain: {}, own: { authorization: 'token secret' } }, reach, 'the bundle');
    return await body.text();
  } finally {
    await reach.agent.destroy();
  }
}

it('follows redirects, and takes headers of the source along within its origin only', async () => {
  const other = await releaseServer();
  other.at('/file', { body: 'hello' });
  server.at('/a', { status: 302, headers: { location: '/b' } });
  server.at('/b', { status: 307, headers: { location: other.url('/file').href } });
  expect(await ask('/a')).toBe('hello');
  expect([...server.requests, ...other.requests].map(({ headers }) => headers.authorization)).toEqual(['token secret', 'token secret', undefined]);
  await other.close();
});

it('does not ask again what wants to be left alone, whatever is asked for', async () => {
  const file = join(temporary(), 'waits.json');
  server.at('/a', { status: 429, headers: { 'retry-after': '120' } });
  server.at('/b', { body: 'hello' });
  const wire = { ...plainWire({}), waits: waits(file, true) };
  await expect(ask('/a', wire)).rejects.toMatchObject({ code: 'SERVER_ERROR', retryAfterMs: 120_000 });
  await expect(ask('/b', wire)).rejects.toMatchObject({ code: 'SERVER_ERROR' });
  await expect(ask('/b', { ...wire, waits: waits(file, true) })).rejects.toMatchObject({ code: 'SERVER_ERROR' });
  expect(server.requests).toHaveLength(1);
});
