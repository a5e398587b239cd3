import { expect, it } from 'vitest';
import { expectSafe, statusOf } from '../../helpers/api-server.ts';
import { run, status } from './a-run.ts';
import { served } from './served.ts';

it('answers what Node cannot read as it answers everything else', async () => {
  const api = await served();
  const answer = await api.raw('NOT HTTP\r\n\r\n');
  expect(statusOf(answer)).toBe(400);
  expect(answer).toContain("Content-Security-Policy: default-src 'none'; frame-ancestors 'none'");
  expect(answer).toContain('"code":"REQUEST_INVALID"');
  expect(statusOf(await api.raw(`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`))).toBe(431);
  expect(statusOf(await api.raw('GET /api/update/status HTTP/1.1\r\nHost: localhost\r\nExpect: wonders\r\n\r\n', { end: true }))).toBe(400);
});

it('ends when no client has been connected for a while, and not while one is', async () => {
  const api = await served({}, { idleMs: 100, limits: { heartbeatMs: 20, streams: 8, bufferedBytes: 65_536 } });
  const stream = await api.follow('/api/update/events');
  await expect.poll(() => stream.comments.length).toBeGreaterThan(15);
  expect((await api.ask('/api/update/status')).status).toBe(200);
  stream.close();
  await api.server.ended;
});

it('answers what was asked before it was told to stop', async () => {
  let answer = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let arrived = (): void => undefined;
  const inside = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const api = await served({
    check: async () => {
      arrived();
      await asked;
      return run({ kind: 'check' });
    },
  });
  const reply = api.post('/api/update/check');
  await inside;
  api.server.stop();
  answer();
  expect((await reply).status).toBe(202);
  await api.server.ended;
  await expect(api.ask('/api/update/status')).rejects.toThrow();
});

it('keeps a connection for the next request, and not for one whose body it did not want', async () => {
  const api = await served({ status: () => Promise.resolve(status()) });
  const get = 'GET /api/update/status HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const both = await api.raw(`${get}${get}`, { end: true });
  expect(both.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  const refused = await api.raw(`POST /api/update/check HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\n\r\n`);
  expect(refused).toContain('Connection: close');
  expectSafe(await api.ask('/api/update/status'));
});

it('has its answer read also by who closes: a connection with something unread would be reset', async () => {
  const api = await served();
  const post = (headers: string): string =>
    `POST /api/update/check HTTP/1.1\r\nHost: localhost\r\n${headers}Connection: close\r\nContent-Length: 2\r\n\r\n`;
  for (let round = 0; round < 20; round += 1) {
    expect(statusOf(await api.raw([post('Content-Type: text/plain\r\n'), '{}']))).toBe(415);
    expect(statusOf(await api.raw([post('Origin: https://evil.example\r\n'), '{}']))).toBe(403);
  }
});
