/** Of 40 attacks on the HTTP API: 1–8, pages of other origins; 9–15, names of others. */
import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiProcess } from '../helpers/api-server.ts';
import { apiProcess, expectRefused, expectSafe, statusOf } from '../helpers/api-server.ts';

const TOKEN = 'a-token-of-the-test-0123456789abcdef';
const EVIL = 'http://evil.example';

let unix: ApiProcess;
let tcp: ApiProcess;

beforeAll(async () => {
  unix = await apiProcess({ toml: '[api]\nhosts = ["pikit.example", "other.example:8443"]\n' });
  tcp = await apiProcess({ tcp: true, token: TOKEN, toml: '[api]\nhosts = ["pikit.example", "other.example:8443"]\n' });
});
afterAll(async () => {
  await unix.stop();
  await tcp.stop();
});

/** Nothing of ours has run, and nothing was written. */
function expectUntouched(): void {
  const left = fs.readdirSync(unix.root, { recursive: true, encoding: 'utf8' }).filter((path) => /^(var|run)\//.test(path));
  expect(left).toEqual([]);
}

const POSTS = ['check', 'apply', 'rollback', 'cancel', 'auto', 'branch', 'skip', 'notices/dismiss'];

describe('pages of other origins', () => {
  it.each(POSTS)('1: a form posts to %s', async (path) => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded', Origin: EVIL };
    expectRefused(await unix.ask(`/api/update/${path}`, { method: 'POST', headers, body: 'a=b' }), 403, 'ORIGIN_REFUSED');
    const without = { 'Content-Type': 'application/x-www-form-urlencoded' };
    expectRefused(await unix.ask(`/api/update/${path}`, { method: 'POST', headers: without, body: 'a=b' }), 415, 'MEDIA_TYPE');
    expectUntouched();
  });

  it('2: text/plain with JSON in it, which needs no preflight', async () => {
    for (const type of ['text/plain', 'text/plain; charset=application/json', 'application/jsonp', 'multipart/form-data; boundary=x', '']) {
      const reply = await unix.ask('/api/update/apply', { method: 'POST', headers: { 'Content-Type': type }, body: '{}' });
      expectRefused(reply, 415, 'MEDIA_TYPE');
    }
    expectUntouched();
  });

  it('3: an <img> whose address is a route: GET changes nothing', async () => {
    for (const path of POSTS.filter((one) => one !== 'auto')) {
      const reply = await unix.ask(`/api/update/${path}`, {
        headers: { Accept: 'image/*', 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Dest': 'image' },
      });
      expectRefused(reply, 403, 'ORIGIN_REFUSED');
      const without = await unix.ask(`/api/update/${path}`);
      expectRefused(without, 405, 'METHOD_REFUSED');
      expect(without.headers.allow).toBe('POST');
    }
    expectUntouched();
  });

  it('4: navigator.sendBeacon with a Blob of JSON', async () => {
    const headers = { 'Content-Type': 'application/json', Origin: EVIL, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' };
    expectRefused(await unix.ask('/api/update/apply', { method: 'POST', headers, body: {} }), 403, 'ORIGIN_REFUSED');
    expectUntouched();
  });

  it('5: a WebSocket, which no same-origin rule holds back', async () => {
    const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    const answer = await unix.raw(`GET /api/update/events HTTP/1.1\r\nHost: localhost\r\nOrigin: ${EVIL}\r\n${upgrade}\r\n`, { end: true });
    expect(statusOf(answer)).toBe(403);
    const own = await unix.raw(`GET /api/update/status HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n`, { end: true });
    expect(statusOf(own)).not.toBe(101);
  });

  it('6: an EventSource of another origin reads nothing', async () => {
    expectRefused(await unix.ask('/api/update/events', { headers: { Origin: EVIL, Accept: 'text/event-stream' } }), 403, 'ORIGIN_REFUSED');
    expectRefused(await unix.ask('/api/update/events', { headers: { 'Sec-Fetch-Site': 'same-site' } }), 403, 'ORIGIN_REFUSED');
    expectRefused(await unix.ask('/api/update/status', { headers: { Origin: 'null' } }), 403, 'ORIGIN_REFUSED');
  });

  it('7: fetch() with JSON: the preflight is not granted, and the request itself is refused', async () => {
    const preflight = { Origin: EVIL, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'content-type' };
    const answer = await unix.ask('/api/update/apply', { method: 'OPTIONS', headers: preflight });
    expectRefused(answer, 403, 'ORIGIN_REFUSED');
    const own = await unix.ask('/api/update/apply', { method: 'OPTIONS', headers: { Origin: 'http://localhost' } });
    expectRefused(own, 405, 'METHOD_REFUSED');
    expectRefused(await unix.post('/api/update/apply', {}, { Origin: EVIL }), 403, 'ORIGIN_REFUSED');
  });

  it('8: origins that are nearly ours; and ours', async () => {
    for (const origin of [
      'http://localhost.evil.example',
      'http://localhost:81',
      'ftp://localhost',
      'http://evil.example@localhost',
      'http://localhost/',
    ]) {
      expectRefused(await unix.post('/api/update/check', {}, { Origin: origin }), 403, 'ORIGIN_REFUSED');
    }
    expectRefused(await unix.post('/api/update/check', {}, { 'Sec-Fetch-Site': 'none' }), 403, 'ORIGIN_REFUSED');
    expectUntouched();
    for (const origin of ['http://localhost', 'https://localhost', 'HTTP://LOCALHOST']) {
      const reply = await unix.ask('/api/update/status', { headers: { Origin: origin, 'Sec-Fetch-Site': 'same-origin' } });
      expect(reply.status).toBe(200);
      expectSafe(reply);
    }
  });
});

/** `GET status` with these header lines, on a connection of its own. */
async function withHeaders(on: ApiProcess, lines: readonly string[], target = '/api/update/status'): Promise<number> {
  return statusOf(await on.raw(`GET ${target} HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}Connection: close\r\n\r\n`));
}

describe('names of others', () => {
  it('9: a name that was made to lead here', async () => {
    for (const host of [
      'evil.example',
      'evil.example:80',
      'localhost.evil.example',
      'pikit.example.evil',
      'xpikit.example',
      'localhost@evil.example',
    ]) {
      expect([host, await withHeaders(unix, [`Host: ${host}`])]).toEqual([host, 403]);
    }
  });

  it('10: no Host', async () => {
    expect(await withHeaders(unix, [])).toBe(400);
    expect(statusOf(await unix.raw('GET /api/update/status HTTP/1.0\r\n\r\n'))).toBe(400);
    expect(await withHeaders(unix, ['Host: '])).toBe(403);
  });

  it('11: an address that is not ours, in any notation', async () => {
    for (const host of ['192.0.2.7', '127.0.0.2', '0.0.0.0', '2130706433', '0x7f000001', '127.1', '[::ffff:127.0.0.1]', '[::2]', '::1']) {
      expect([host, await withHeaders(unix, [`Host: ${host}`])]).toEqual([host, 403]);
    }
    for (const host of ['127.0.0.1', '[::1]', 'localhost', 'LOCALHOST', 'pikit.example', 'pikit.example:4711', 'other.example:8443']) {
      expect([host, await withHeaders(unix, [`Host: ${host}`])]).toEqual([host, 200]);
    }
  });

  it('12: a trailing dot', async () => {
    for (const host of ['localhost.', 'pikit.example.', 'localhost.:80', '127.0.0.1.']) {
      expect([host, await withHeaders(unix, [`Host: ${host}`])]).toEqual([host, 403]);
    }
  });

  it('13: another port than that of the socket, or of the configuration', async () => {
    const { at } = tcp;
    const port = 'port' in at ? at.port : 0;
    const authorization = `Authorization: Bearer ${TOKEN}`;
    for (const host of [
      '127.0.0.1',
      'localhost:80',
      `localhost:${String(port + 1)}`,
      'localhost:0',
      'other.example',
      `other.example:${String(port)}`,
    ]) {
      expect([host, await withHeaders(tcp, [`Host: ${host}`, authorization])]).toEqual([host, 403]);
    }
    for (const host of [`127.0.0.1:${String(port)}`, `localhost:${String(port)}`, `pikit.example:${String(port)}`, 'other.example:8443']) {
      expect([host, await withHeaders(tcp, [`Host: ${host}`, authorization])]).toEqual([host, 200]);
    }
    for (const host of ['localhost:99999', 'localhost:', 'localhost:8o', 'localhost:+80']) {
      expect([host, await withHeaders(unix, [`Host: ${host}`])]).toEqual([host, 403]);
    }
  });

  it('14: two Hosts, of which Node shows the first only', async () => {
    expect(await withHeaders(unix, ['Host: localhost', 'Host: evil.example'])).toBe(400);
    expect(await withHeaders(unix, ['Host: localhost', 'HOST: localhost'])).toBe(400);
  });

  it('15: another host in the address of the request line', async () => {
    expect(await withHeaders(unix, ['Host: localhost'], 'http://evil.example/api/update/status')).toBe(403);
    expect(await withHeaders(unix, ['Host: evil.example'], 'http://localhost/api/update/status')).toBe(403);
    expect(await withHeaders(unix, ['Host: localhost'], 'http://localhost@evil.example/api/update/status')).toBe(403);
    expect(await withHeaders(unix, ['Host: localhost'], 'http://localhost/api/update/status')).toBe(200);
    expect(await withHeaders(unix, ['Host: localhost'], 'http://localhost')).toBe(404);
  });

  it('is answered by its own names when it has no configuration at all', async () => {
    fs.renameSync(join(unix.root, 'etc/pikit/update.toml'), join(unix.root, 'etc/pikit/away'));
    expect(await withHeaders(unix, ['Host: localhost'])).toBe(200);
    expect(await withHeaders(unix, ['Host: pikit.example'])).toBe(403);
    fs.renameSync(join(unix.root, 'etc/pikit/away'), join(unix.root, 'etc/pikit/update.toml'));
  });
});
