import { expect, it } from 'vitest';
import { expectRefused } from '../../helpers/api-server.ts';
import { run, status } from './a-run.ts';
import { served } from './served.ts';

const LIMITS = { heartbeatMs: 15_000, streams: 2, bufferedBytes: 64 * 1024 };

it('has so many places, and gives one back when its client has gone', async () => {
  const api = await served({}, { limits: LIMITS });
  const [one] = await Promise.all([api.follow('/api/update/events'), api.follow('/api/update/events')]);
  const third = await api.ask('/api/update/events');
  expectRefused(third, 503, 'TOO_MANY_STREAMS');
  expect(third.headers['retry-after']).toBe('10');
  // A start that wants to be watched is not begun when it cannot be.
  expectRefused(
    await api.ask('/api/update/apply', { method: 'POST', body: {}, headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' } }),
    503,
    'TOO_MANY_STREAMS',
  );
  one.close();
  await one.ended;
  await expect.poll(async () => (await api.follow('/api/update/events')).status).toBe(200);
});

it('beats, so that everybody between knows that it lives', async () => {
  const api = await served({}, { limits: { ...LIMITS, heartbeatMs: 20 } });
  const stream = await api.follow('/api/update/events');
  await expect.poll(() => stream.comments.length).toBeGreaterThan(2);
  stream.close();
});

it('lets go of a client that does not read', async () => {
  const now = { count: 0 };
  const api = await served(
    { status: () => Promise.resolve(status({ latest: `1.0.${String(now.count)}`, drift: ['x'.repeat(200_000)] })) },
    { limits: LIMITS },
  );
  const reader = await api.follow('/api/update/events');
  const deaf = api.connect();
  deaf.pause();
  deaf.on('error', () => undefined);
  deaf.write('GET /api/update/events HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const gone = new Promise((resolve) => deaf.on('close', resolve));
  for (now.count = 1; now.count < 8; now.count += 1) {
    const latest = `"1.0.${String(now.count)}"`;
    api.change();
    await reader.until(({ data }) => data.includes(latest));
  }
  deaf.resume();
  await gone;
  expect(deaf.bytesRead).toBeLessThan(7 * 200_000);
  reader.close();
});

it('ends all of them when the server stops', async () => {
  const api = await served({}, { limits: LIMITS });
  const stream = await api.follow('/api/update/events');
  await stream.until(() => true);
  api.server.stop();
  await stream.ended;
  await api.server.ended;
});

it('ends at once what is opened when all have been ended', async () => {
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  let go = (): void => undefined;
  const api = await served(
    {
      check: async () => {
        begin();
        await new Promise<void>((resolve) => (go = resolve));
        return run({ kind: 'check' });
      },
    },
    { limits: LIMITS },
  );
  const opening = api.follow('/api/update/check', {
    method: 'POST',
    body: {},
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
  });
  await begun;
  api.server.stop();
  go();
  await (
    await opening
  ).ended;
  await api.server.ended;
});
