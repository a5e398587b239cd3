import { expect, it } from 'vitest';
import { status } from './a-run.ts';
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
