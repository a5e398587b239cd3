import { expect, it } from 'vitest';
import type { Run } from '../../../lib/core/run/run.ts';
import type { Client, Followed } from '../../helpers/api-server.ts';
import { expectRefused } from '../../helpers/api-server.ts';
import { containing } from '../../helpers/matchers.ts';
import { run, status } from './a-run.ts';
import { served } from './served.ts';

const LIMITS = { heartbeatMs: 15_000, streams: 8, bufferedBytes: 64 * 1024 };

const EVENTS = '/api/update/events';
const AS_EVENTS = { 'Content-Type': 'application/json', Accept: 'text/event-stream' };

/** As the web server passes it on: for whom. */
async function watchAs(api: Client, address: string): Promise<Followed> {
  const stream = await api.follow(EVENTS, { headers: { 'X-Forwarded-For': address } });
  await stream.until(({ event }) => event === 'status');
  return stream;
}

it('gives the place of the oldest stream to who comes, says so, and asks it not to come back at once', async () => {
  const api = await served({}, { limits: { ...LIMITS, streams: 4 } });
  const [first, second] = [await watchAs(api, 'a'), await watchAs(api, 'a')];
  const third = await watchAs(api, 'a');
  await first.ended;
  expect(first.events.at(-1)).toMatchObject({ event: 'failure', data: containing('"code":"TOO_MANY_STREAMS"') });
  expect(first.text()).toContain('retry: 30000\n');
  api.change();
  second.close();
  third.close();
});

it('takes from the client that has most, and never the only one of another as long as there is more', async () => {
  const api = await served({}, { limits: { ...LIMITS, streams: 8 } });
  const owner = await watchAs(api, 'owner');
  const greedy: Followed[] = [];
  for (let at = 0; at < 30; at += 1) greedy.push(await watchAs(api, 'greedy'));
  for (const one of greedy.slice(0, 25)) await one.ended;
  const late = await watchAs(api, 'late');
  await greedy[25]?.ended;
  expect([owner, late].map(({ events }) => events.some(({ event }) => event === 'failure'))).toEqual([false, false]);
  // A name that is made up in front of the one that the proxy has seen makes it no other client.
  const forged = await watchAs(api, 'owner, greedy');
  await greedy[26]?.ended;
  for (const one of [owner, late, forged, ...greedy]) one.close();
});

it('keeps places for a client that watches what it starts, which no other takes', async () => {
  let now: Run | null = null;
  const check = (): Promise<Run> => Promise.resolve((now = run({ kind: 'check' })));
  const api = await served({ check, status: () => Promise.resolve(status({ run: now })) }, { limits: { ...LIMITS, streams: 4 } });
  const watching = [await watchAs(api, 'a'), await watchAs(api, 'a')];
  const post = { method: 'POST', body: {}, headers: { ...AS_EVENTS, 'Idempotency-Key': 'one-run' } };
  const start = () => api.follow('/api/update/check', post);
  const started = await Promise.all([start(), start()]);
  expect(started.map(({ status: code }) => code)).toEqual([200, 200]);
  expect(watching.map((one) => one.text().includes('TOO_MANY'))).toEqual([false, false]);
  started.push(await start(), await start());
  for (const one of watching) await one.ended;
  const fifth = await api.ask('/api/update/check', post);
  expectRefused(fifth, 503, 'TOO_MANY_STREAMS');
  expect(fifth.headers['retry-after']).toBe('10');
  expectRefused(await api.ask(EVENTS, { headers: { Accept: 'text/event-stream' } }), 503, 'TOO_MANY_STREAMS');
  now = run({ kind: 'check', state: 'ended' });
  api.change();
  for (const one of started) await one.ended;
  (await watchAs(api, 'a')).close();
});

it('gives a place back when its client has gone', async () => {
  const api = await served({}, { limits: { ...LIMITS, streams: 4 } });
  const kept = await watchAs(api, 'a');
  for (let round = 0; round < 20; round += 1) {
    const one = await watchAs(api, 'b');
    one.close();
    await one.ended;
  }
  expect(kept.events).toHaveLength(1);
  kept.close();
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
  deaf.write('GET /api/update/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n');
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
