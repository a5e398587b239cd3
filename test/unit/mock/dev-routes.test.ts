import { expect, it } from 'vitest';
import * as z from 'zod';
import { playedServer, readMockStates } from '../../helpers/played.ts';

async function post(url: string, path: string, body: unknown): Promise<{ status: number; json: unknown }> {
  const response = await fetch(`${url}/api/update/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: await response.json() };
}

async function get(url: string, path: string): Promise<unknown> {
  return await (await fetch(`${url}/api/update/${path}`)).json();
}

it('lists what can be shown, and how runs can end', async () => {
  const { url } = await playedServer();
  const { states, ends } = z
    .object({ states: z.array(z.object({ name: z.string(), what: z.string() })), ends: z.array(z.string()) })
    .parse(await get(url, 'dev/states'));
  expect(states).toEqual(readMockStates().list);
  expect(ends.slice(0, 2)).toEqual(['ok', 'nothing']);
  expect(ends).toHaveLength(2 + readMockStates().failures.length);
});

it('shows another state', async () => {
  const { url } = await playedServer();
  expect(await post(url, 'dev/state', { name: 'broken' })).toMatchObject({ status: 200, json: { last_result: { outcome: 'broken' } } });
  expect(await get(url, 'status')).toEqual(readMockStates().state('broken'));
  expect(await post(url, 'dev/state', { name: 'brokn' })).toMatchObject({ status: 404, json: { error: { code: 'NOT_FOUND' } } });
});

it('writes how runs end', async () => {
  const { url, clock } = await playedServer();
  expect(await post(url, 'dev/script', { end: 'NO_SPACE', speed: 100 })).toMatchObject({ status: 200 });
  expect(await post(url, 'apply', {})).toMatchObject({ status: 202 });
  clock.pass(1000);
  expect(await get(url, 'status')).toMatchObject({ run: { state: 'ended', code: 'NO_SPACE' } });
  for (const body of [{ end: 'nonsense' }, { end: 'SITE_INVALID' }, { speed: 0 }, { other: 1 }, []]) {
    expect((await post(url, 'dev/script', body)).status, JSON.stringify(body)).toBeGreaterThanOrEqual(400);
  }
});

it('starts a run as the timer does, and a recovery', async () => {
  const { url, clock } = await playedServer();
  expect(await post(url, 'dev/run', { kind: 'download' })).toMatchObject({ status: 202, json: { run: { kind: 'download', by: 'timer' } } });
  expect(await post(url, 'dev/run', { kind: 'recovery' })).toMatchObject({ status: 409 });
  clock.pass(60_000);
  expect(await post(url, 'dev/run', { kind: 'recovery', end: 'UNDO_FAILED' })).toMatchObject({ status: 202 });
  clock.pass(60_000);
  expect(await get(url, 'status')).toMatchObject({ run: { kind: 'recovery', outcome: 'broken', code: 'UNDO_FAILED' } });
});

it('says what else there is', async () => {
  const { url } = await playedServer();
  expect(await get(url, 'dev/nothing')).toMatchObject({ error: { code: 'NOT_FOUND' } });
});
