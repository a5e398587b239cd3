import { expect, it } from 'vitest';
import type { Run } from '../../../lib/core/run/run.ts';
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
  for (let round = 0; round < 20; round += 1) expect((await api.follow('/api/update/events')).status).toBe(500);
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

/** Watches a check from its begin; `now.run` is what the status shows. */
async function watching(first: Run, before: Run | null = null) {
  const now = { run: before };
  const api = await served({
    status: () => Promise.resolve(status({ run: now.run })),
    check: () => {
      now.run = first;
      return Promise.resolve(first);
    },
  });
  const stream = await api.follow('/api/update/check', {
    method: 'POST',
    body: {},
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
  });
  const show = (run: Run | null): void => {
    now.run = run;
    api.change();
  };
  return { stream, show };
}

it('watches a run to its end, from before its first step', async () => {
  const { stream, show } = await watching(run({ id: 'its-own' }), run({ id: 'before', state: 'ended' }));
  show(run({ id: 'its-own', percent: 5 }));
  await stream.until(({ data }) => data.includes('"percent":5'));
  show(run({ id: 'its-own', state: 'ended', outcome: 'failed', code: 'NOT_FOUND' }));
  await stream.ended;
  expect(JSON.parse(stream.events.at(-1)?.data ?? '')).toMatchObject({ run: { id: 'its-own', state: 'ended', code: 'NOT_FOUND' } });
});

it.each([
  ['nothing', null],
  ['another run', run({ id: 'the-next' })],
])('ends with what is shown when the run that it watches is gone: %s', async (_name, next) => {
  const { stream, show } = await watching(run({ id: 'its-own' }));
  await stream.until(({ data }) => data.includes('its-own'));
  show(next);
  await stream.ended;
  expect(stream.events.map(({ event }) => event)).toEqual(['status', 'status']);
});
