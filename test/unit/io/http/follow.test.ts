import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { wholeBody } from '../../../../lib/io/http/body.ts';
import { dial } from '../../../../lib/io/http/dial.ts';
import { answerError, follow } from '../../../../lib/io/http/follow.ts';
import { request } from '../../../../lib/io/http/request.ts';
import { waits } from '../../../../lib/io/http/server-waits.ts';
import type { Wire } from '../../../../lib/io/http/wire.ts';
import { plainWire } from '../../../../lib/io/http/wire.ts';
import { temporary } from '../../../helpers/device.ts';
import type { ReleaseServer } from '../../../helpers/release-server.ts';
import { releaseServer } from '../../../helpers/release-server.ts';

let server: ReleaseServer;
beforeEach(async () => {
  server = await releaseServer();
});
afterEach(async () => {
  await server.close();
});

async function ask(path: string, wire: Wire = plainWire({})): Promise<string> {
  const { signal } = new AbortController();
  return await follow(server.url(path), 'the bundle', wire, {
    ask: async (at, nearest, isOwn) => {
      const line = await dial(at, { wire, nearest, signal });
      const { outgoing, answer } = request(line, at, { headers: isOwn ? { authorization: 'token secret' } : {}, signal });
      outgoing.end();
      return { answer: await answer, near: line.near };
    },
    take: async (answer, at) => {
      if (answer.status !== 200) throw answerError(answer, at, 'the bundle');
      return String(await wholeBody(answer, at, 'the bundle', 100));
    },
  });
}

it('follows redirects, and says which addresses are of the origin that it began with', async () => {
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
