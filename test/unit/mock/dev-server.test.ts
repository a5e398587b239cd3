import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { StatusAnswer } from '../../../lib/core/http-api/api-answers.ts';
import { moved } from '../../../lib/mock/moved.ts';
import { playedServer, readMockStates } from '../../helpers/played.ts';

const STATES = readMockStates();

async function status(url: string, path = 'status', headers: Record<string, string> = {}): Promise<unknown> {
  return await (await fetch(`${url}/api/update/${path}`, { headers })).json();
}

async function post(url: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return await fetch(`${url}/api/update/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** The statuses of a stream of events, as they come. */
async function* events(response: Response): AsyncGenerator<StatusAnswer, void> {
  const decoder = new TextDecoder();
  let text = '';
  const chunks: AsyncIterable<Uint8Array> | null = response.body;
  if (chunks === null) return;
  for await (const chunk of chunks) {
    text += decoder.decode(chunk, { stream: true });
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    for (const part of parts) {
      const data = /^data: (.*)$/m.exec(part)?.[1];
      if (data !== undefined) yield StatusAnswer.parse(JSON.parse(data));
    }
  }
}

describe('every state', () => {
  it('is answered for its name, in the address or in a header', async () => {
    const { url } = await playedServer();
    for (const { name } of STATES.list) expect(await status(url, `status?state=${encodeURIComponent(name)}`), name).toEqual(STATES.state(name));
    expect(await status(url, 'status', { 'x-mock-state': 'broken' })).toEqual(STATES.state('broken'));
    expect(await status(url)).toEqual(STATES.state('available'));
    expect(await status(url, 'plan?state=up-to-date')).toMatchObject({ plan: null });
    expect(await status(url, 'logs?state=broken&lines=2')).toMatchObject({ lines: [{}, {}] });
  });

  it('is a device of its own: what is done there is not done here', async () => {
    const { url } = await playedServer();
    expect((await post(url, 'apply?state=held', {})).status).toBe(202);
    expect(await status(url, 'status?state=held')).toMatchObject({ run: { state: 'running' } });
    expect(await status(url)).toMatchObject({ run: null });
  });

  it('has a name that is known', async () => {
    const { url } = await playedServer();
    expect(await status(url, 'status?state=nonsense')).toMatchObject({ error: { code: 'NOT_FOUND' } });
  });
});

it('streams an update to its end', async () => {
  const { url, clock } = await playedServer();
  const response = await post(url, 'apply', {}, { accept: 'text/event-stream' });
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  const seen: string[] = [];
  for await (const { run, progress } of events(response)) {
    seen.push(run?.state === 'ended' ? (run.outcome ?? '') : (progress?.phase ?? ''));
    clock.pass(4000);
  }
  expect(seen[0]).toBe('downloading');
  expect(seen.at(-1)).toBe('ok');
  expect(await status(url)).toMatchObject({ current: '1.5.0' });
});

it('answers 409 with the run that is on', async () => {
  const { url } = await playedServer();
  await post(url, 'apply', {});
  const second = await post(url, 'check', {});
  expect([second.status, await second.json()]).toMatchObject([409, { error: { code: 'BUSY' }, run: { kind: 'update', state: 'running' } }]);
});

it('keeps to the rules of the real server', async () => {
  const { url, warnings } = await playedServer();
  expect((await post(url, 'apply', {}, { origin: 'https://evil.example' })).status).toBe(403);
  expect((await post(url, 'apply', { force: true })).status).toBe(400);
  expect((await fetch(`${url}/api/update/apply`, { method: 'POST', body: '{}', headers: { 'content-type': 'text/plain' } })).status).toBe(415);
  expect((await fetch(`${url}/api/update/nothing`)).status).toBe(404);
  expect((await fetch(`${url}/api/update/openapi.json`)).status).toBe(200);
  const refused = await new Promise<http.IncomingMessage>((resolve, reject) => {
    http.get(`${url}/api/update/dev/states`, { headers: { host: 'evil.example' } }, resolve).on('error', reject);
  });
  expect(refused.statusCode).toBe(403);
  refused.resume();
  expect(warnings).toEqual([]);
});

it('is there on a unix socket too', async () => {
  const { socket } = await playedServer();
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    http.get({ socketPath: socket, path: '/api/update/status', headers: { host: 'localhost' } }, resolve).on('error', reject);
  });
  expect(response.statusCode).toBe(200);
  response.resume();
});

it('is what `npm run dev` starts, says where it is, and goes when it is told to', async () => {
  const dist = process.env['PIKIT_TEST_DIST'] ?? 'dist';
  const child = spawn(process.execPath, [join(dist, 'dev.js'), '--port', '0', '--state', 'held'], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const lines = createInterface({ input: child.stdout });
  const address = await new Promise<string>((resolve) => lines.once('line', resolve));
  const shown = StatusAnswer.parse(await (await fetch(address)).json());
  const written = STATES.state('held');
  const laterMs = Date.parse(shown.last_check ?? '') - Date.parse(written.last_check ?? '');
  expect(shown).toEqual(moved(written, laterMs));
  // It was checked in the night before today, whenever that is.
  expect(Date.now() - Date.parse(shown.last_check ?? '')).toBeLessThan(86_400_000);
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
