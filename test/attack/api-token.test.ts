/** Of 40 attacks on the HTTP API: 16–23, the token of TCP; 24–26, what a proxy passes on. */
import fs from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { STATIC_PATHS } from '../../lib/api/static-files.ts';
import type { ApiOptions, ApiProcess, Reply } from '../helpers/api-server.ts';
import { apiProcess, expectRefused, statusOf } from '../helpers/api-server.ts';

const TOKEN = 'K7-a-token-of-the-test-0123456789abcdef';
const running: ApiProcess[] = [];

afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});

async function overTcp(options: ApiOptions = {}): Promise<ApiProcess> {
  const api = await apiProcess({ tcp: true, token: TOKEN, ...options });
  running.push(api);
  return api;
}

async function withToken(api: ApiProcess, authorization: string | null, headers: Record<string, string> = {}): Promise<Reply> {
  return await api.ask('/api/update/status', { headers: { ...(authorization === null ? {} : { Authorization: authorization }), ...headers } });
}

describe('the token', () => {
  it('16: none, or an empty one, opens nothing; nor does an empty one on the device', async () => {
    const api = await overTcp();
    const none = await withToken(api, null);
    expectRefused(none, 401, 'UNAUTHORIZED');
    expect(none.headers['www-authenticate']).toMatch(/^Bearer/);
    for (const empty of ['', 'Bearer', 'Bearer ', 'Bearer  ']) expectRefused(await withToken(api, empty), 401, 'UNAUTHORIZED');
    for (const file of STATIC_PATHS) expectRefused(await api.ask(file), 401, 'UNAUTHORIZED');
    const without = await overTcp({ token: '' });
    for (const given of [null, 'Bearer ', 'Bearer null', `Bearer ${TOKEN}`]) expectRefused(await withToken(without, given), 503, 'TOKEN_MISSING');
  });

  it('17: a part of it is not it', async () => {
    const api = await overTcp();
    for (const part of [TOKEN.slice(0, -1), TOKEN.slice(1), `${TOKEN}x`, TOKEN.slice(0, 1)]) {
      expectRefused(await withToken(api, `Bearer ${part}`), 401, 'UNAUTHORIZED');
    }
    expect((await withToken(api, `Bearer ${TOKEN}`)).status).toBe(200);
  });

  it('18: in other letters, in another scheme, with more behind it', async () => {
    const others = [`Bearer ${TOKEN.toLowerCase()}`, `bearer ${TOKEN}`, `Basic ${TOKEN}`, TOKEN, `Bearer ${TOKEN}, Bearer x`];
    for (const given of others) {
      const api = await overTcp();
      expectRefused(await withToken(api, given), 401, 'UNAUTHORIZED');
      await api.stop();
    }
  });

  it('19: a thousand wrong ones: five are looked at; the right one is let in meanwhile and afterwards', async () => {
    const api = await overTcp();
    const replies: Reply[] = [];
    const right: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      const [owner, ...wrong] = await Promise.all([
        withToken(api, `Bearer ${TOKEN}`),
        ...Array.from({ length: 50 }, (_, index) =>
          withToken(api, `Bearer try-${String(round)}-${String(index)}`, { 'X-Forwarded-For': `198.51.100.${String(index)}` }),
        ),
      ]);
      right.push(owner.status);
      replies.push(...wrong);
    }
    expect(replies.filter(({ status }) => status === 401)).toHaveLength(5);
    expect(replies.filter(({ status }) => status === 429)).toHaveLength(995);
    expect(right).toEqual(Array.from({ length: 20 }, () => 200));
    const wrong = await withToken(api, 'Bearer wrong');
    expectRefused(wrong, 429, 'RATE_LIMITED');
    expect(Number(wrong.headers['retry-after'])).toBeGreaterThan(50);
  });

  it('20: the time of an answer tells nothing of how much was right', async () => {
    const timeOf = async (api: ApiProcess, token: string): Promise<number> => {
      const begun = performance.now();
      await withToken(api, `Bearer ${token}`);
      return performance.now() - begun;
    };
    const times: { near: number[]; far: number[] } = { near: [], far: [] };
    // After five none is told to be wrong any more, but all are compared.
    const api = await overTcp();
    for (let at = 0; at < 200; at += 1) {
      times.near.push(await timeOf(api, `${TOKEN.slice(0, -1)}!`));
      times.far.push(await timeOf(api, '!'));
    }
    const median = (list: number[]): number => list.toSorted((a, b) => a - b)[list.length / 2] ?? 0;
    const [near, far] = [median(times.near), median(times.far)];
    // A comparison that stops early differs by nanoseconds, which cannot be seen from here; what takes another way altogether differs by more.
    expect(Math.abs(near - far) / Math.max(near, far)).toBeLessThan(0.5);
    expect(fs.readFileSync('lib/api/token-guard.ts', 'utf8')).toMatch(/timingSafeEqual\(digest\(given\), digest\(expected\)\)/);
  });

  it('21: in the address it is refused, also where none is needed', async () => {
    const api = await overTcp();
    for (const query of [`token=${TOKEN}`, `access_token=${TOKEN}`, `Authorization=Bearer%20${TOKEN}`, `a=b&API_KEY=${TOKEN}`, `%74oken=${TOKEN}`]) {
      const reply = await api.ask(`/api/update/status?${query}`);
      expectRefused(reply, 400, 'REQUEST_INVALID');
      expect(reply.body).not.toContain(TOKEN);
    }
    const unix = await apiProcess();
    running.push(unix);
    expectRefused(await unix.ask(`/api/update/status?token=${TOKEN}`), 400, 'REQUEST_INVALID');
  });

  it('22: it is in no answer and in no line that is written', async () => {
    const api = await overTcp();
    const wrong = 'WRONG-token-xyzzy';
    const replies = [
      await withToken(api, `Bearer ${wrong}`),
      await api.ask(`/api/update/status?token=${wrong}`),
      await api.post('/api/update/skip', { version: wrong }, { Authorization: `Bearer ${TOKEN}` }),
      await api.ask('/nothing', { headers: { Authorization: `Bearer ${TOKEN}` } }),
      await withToken(api, `Bearer ${TOKEN}`),
    ];
    expect(replies.map(({ body, headers }) => JSON.stringify([body, headers])).join('\n')).not.toContain(TOKEN);
    expect(
      replies
        .slice(0, 2)
        .map(({ body }) => body)
        .join('\n'),
    ).not.toContain(wrong);
    fs.writeFileSync(join(api.root, 'etc/pikit/api-token'), `${TOKEN}\nanother line\n`);
    const damaged = await withToken(api, `Bearer ${TOKEN}`);
    expectRefused(damaged, 503, 'CONFIG_INVALID');
    expect(damaged.body).not.toContain(TOKEN);
    expect(api.output()).not.toContain(TOKEN);
    expect(api.output()).not.toContain(wrong);
  });

  it('23: after it was replaced, the old one is not it any more', async () => {
    const api = await overTcp();
    expect((await withToken(api, `Bearer ${TOKEN}`)).status).toBe(200);
    fs.writeFileSync(join(api.root, 'etc/pikit/api-token'), 'another-token-of-the-test-0123456789abcdef\n');
    expectRefused(await withToken(api, `Bearer ${TOKEN}`), 401, 'UNAUTHORIZED');
    expect((await withToken(api, 'Bearer another-token-of-the-test-0123456789abcdef')).status).toBe(200);
    fs.rmSync(join(api.root, 'etc/pikit/api-token'));
    expectRefused(await withToken(api, 'Bearer another-token-of-the-test-0123456789abcdef'), 503, 'TOKEN_MISSING');
  });
});

describe('behind a proxy', () => {
  it('24: an X-Forwarded-For does not make a client of TCP another client, and keeps no other client out', async () => {
    const api = await overTcp();
    const statuses: number[] = [];
    for (let at = 0; at < 60; at += 1) statuses.push((await withToken(api, 'Bearer wrong', { 'X-Forwarded-For': `10.0.0.${String(at)}` })).status);
    expect([statuses.filter((status) => status === 401).length, statuses.at(-1)]).toEqual([5, 429]);
    expect((await withToken(api, `Bearer ${TOKEN}`, { 'X-Forwarded-For': '10.0.0.7' })).status).toBe(200);
    // It opens nothing either.
    expectRefused(await withToken(api, null, { 'X-Forwarded-For': '127.0.0.1', 'X-Real-IP': '127.0.0.1' }), 429, 'RATE_LIMITED');
  });

  it('25: a request within a request: Content-Length and Transfer-Encoding together', async () => {
    const api = await apiProcess();
    running.push(api);
    const smuggled = 'GET /api/update/history HTTP/1.1\r\nHost: localhost\r\n\r\n';
    const head = 'POST /api/update/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';
    for (const lengths of [
      'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n',
      'Transfer-Encoding: chunked\r\nContent-Length: 4\r\n',
      'Content-Length: 4\r\nContent-Length: 5\r\n',
      'Transfer-Encoding: xchunked\r\n',
      'Content-Length: +4\r\n',
    ]) {
      const answer = await api.raw(`${head}${lengths}\r\n0\r\n\r\n${smuggled}`);
      expect([lengths, statusOf(answer)]).toEqual([lengths, 400]);
      expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1);
      expect(answer).toContain('"code":"REQUEST_INVALID"');
    }
  });

  it('26: a header that goes on in the next line', async () => {
    const api = await apiProcess();
    running.push(api);
    const folded = await api.raw('GET /api/update/status HTTP/1.1\r\nHost: localhost\r\nX-One: a\r\n b\r\n\r\n', { end: true });
    const host = await api.raw('GET /api/update/status HTTP/1.1\r\nHost: local\r\n host\r\n\r\n', { end: true });
    const blank = await api.raw('GET /api/update/status HTTP/1.1\r\nHost : localhost\r\n\r\n', { end: true });
    expect([statusOf(host), statusOf(blank)]).toEqual([400, 400]);
    expect(statusOf(folded)).toBe(400);
  });
});
