import { expect, it } from 'vitest';
import { run, status } from './a-run.ts';
import { served } from './served.ts';

it('sends the status at once, then what is different, each with an id of its own', async () => {
  const now = { latest: '1.0.0' };
  const api = await served({ status: () => Promise.resolve(status({ latest: now.latest })) });
  const stream = await api.follow('/api/update/events');
  expect(stream.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  const first = await stream.until(({ event }) => event === 'status');
  expect(JSON.parse(first.data)).toMatchObject({ latest: '1.0.0' });
  expect(first.id).toMatch(/^[0-9a-f]{16}$/);
  api.change();
  now.latest = '1.1.0';
  api.change();
  const next = await stream.until(({ data }) => data.includes('1.1.0'));
  expect(next.id).not.toBe(first.id);
  expect(stream.events).toHaveLength(2);
  stream.close();
});

it('does not repeat what a client that comes back has seen, and tells it what it missed', async () => {
  const now = { latest: '1.0.0' };
  const api = await served({ status: () => Promise.resolve(status({ latest: now.latest })) });
  const first = await api.follow('/api/update/events');
  const { id } = await first.until(() => true);
  first.close();
  const again = await api.follow('/api/update/events', { headers: { 'Last-Event-ID': id } });
  now.latest = '1.1.0';
  api.change();
  await again.until(({ data }) => data.includes('1.1.0'));
  expect(again.events).toHaveLength(1);
  expect(again.comments[0]).toBe('nothing has changed');
  again.close();
  const late = await api.follow('/api/update/events', { headers: { 'Last-Event-ID': id } });
  await late.until(({ data }) => data.includes('1.1.0'));
  late.close();
});

it('does not begin a stream when there is nothing to be read', async () => {
  const api = await served({ status: () => Promise.reject(new Error('no')) });
  for (let round = 0; round < 20; round += 1) expect((await api.ask('/api/update/events')).status).toBe(500);
});

it('tells that it is over when the status could not be read for a while, also when nothing has changed', async () => {
  const now = { fails: false };
  const api = await served({ status: () => (now.fails ? Promise.reject(new Error('no')) : Promise.resolve(status())) });
  const stream = await api.follow('/api/update/events');
  const { id } = await stream.until(({ event }) => event === 'status');
  now.fails = true;
  api.change();
  await stream.until(({ event }) => event === 'failure');
  now.fails = false;
  api.change();
  await expect.poll(() => stream.events.map((one) => [one.event, one.id]).at(-1)).toEqual(['status', id]);
  stream.close();
});

it('watches a run that had no id when it was queued to its end under the one that it got', async () => {
  const now = { run: run({ id: 'before', state: 'ended' }) };
  const api = await served({
    status: () => Promise.resolve(status({ run: now.run })),
    check: () => {
      now.run = run({ id: 'queued' });
      return Promise.resolve(now.run);
    },
  });
  const stream = await api.follow('/api/update/check', {
    method: 'POST',
    body: {},
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
  });
  now.run = run({ id: 'its-own', percent: 5 });
  api.change();
  await stream.until(({ data }) => data.includes('its-own'));
  now.run = run({ id: 'its-own', state: 'ended' });
  api.change();
  await stream.ended;
  expect(JSON.parse(stream.events.at(-1)?.data ?? '')).toMatchObject({ run: { id: 'its-own', state: 'ended' } });
});
