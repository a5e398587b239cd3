/**
 * Attacks on both doors of the HTTP API by clients that hold connections: half-open ones, slow ones, ones that never read, and
 * many requests on one. At any time the owner is answered, and a second after its last words no connection is left.
 */
import fs from 'node:fs';
import type net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ApiProcess, Reply } from '../helpers/api-server.ts';
import { apiProcess, statusOf } from '../helpers/api-server.ts';

const TOKEN = 'K7-a-token-of-the-test-0123456789abcdef';
const GET = 'GET /api/update/status HTTP/1.1\r\nHost: HOST\r\n';
/** What the owner waits at the most, also where the machine does much else: less than the widget waits for an answer. */
const PATIENCE_MS = 9000;

async function door(name: 'TCP' | 'unix'): Promise<ApiProcess> {
  const api = await apiProcess(name === 'TCP' ? { tcp: true, token: TOKEN } : {});
  onTestFinished(api.stop);
  return api;
}

/** Descriptors of the process: connections, and what it has open anyway. */
function descriptors(api: ApiProcess): number {
  return fs.readdirSync(`/proc/${String(api.pid)}/fd`).length;
}

async function owner(api: ApiProcess): Promise<{ reply: Reply; ms: number }> {
  const begun = performance.now();
  const reply = await api.ask('/api/update/status', { headers: { Authorization: `Bearer ${TOKEN}` } });
  return { reply, ms: performance.now() - begun };
}

/** Clients that stay for as long as the server lets them: none of them ever closes. */
function clients(api: ApiProcess, count: number, text: string, reads: boolean): net.Socket[] {
  const sockets = Array.from({ length: count }, () => {
    const socket = api.connect();
    socket.allowHalfOpen = true;
    socket.on('error', () => undefined);
    if (reads) socket.resume();
    else socket.pause();
    if (text !== '') socket.write(text.replaceAll('HOST', api.host));
    return socket;
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  return sockets;
}

const KINDS: readonly [kind: string, text: string, reads: boolean][] = [
  ['silent', '', true],
  ['half-open after a malformed request', 'NOT HTTP\r\n\r\n', true],
  ['slow with headers', GET, true],
  ['slow with a body', `POST /api/update/check HTTP/1.1\r\nHost: HOST\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: 9\r\n\r\n{`, true],
  ['slow with a body, not let in', 'POST /api/update/check HTTP/1.1\r\nHost: HOST\r\nContent-Length: 9\r\n\r\n{', true],
  ['never reading', `${GET}Authorization: Bearer ${TOKEN}\r\n\r\n`.repeat(6), false],
];

describe.each(['unix', 'TCP'] as const)('the door %s', (name) => {
  it.each(KINDS)('answers the owner whatever clients do that are %s', async (kind, text, reads) => {
    const api = await door(name);
    const waits: number[] = [];
    for (const count of [64, 128, 500]) {
      clients(api, count, text, reads);
      for (let look = 0; look < 5; look += 1) {
        const { reply, ms } = await owner(api);
        expect(reply.status).toBe(200);
        waits.push(ms);
      }
    }
    const longest = Math.max(...waits);
    console.log(`${name}, ${kind}: 692 clients, the owner answered ${String(waits.length)} times, at most after ${longest.toFixed(0)} ms`);
    expect(longest).toBeLessThan(PATIENCE_MS);
  });

  it('is rid of half-open connections by itself, also when their clients never close', async () => {
    const api = await door(name);
    await owner(api);
    const before = descriptors(api);
    const ended = clients(api, 60, 'NOT HTTP\r\n\r\n', true).map((socket) => new Promise((resolve) => socket.once('end', resolve)));
    await Promise.all(ended);
    await expect.poll(() => descriptors(api), { timeout: 5000 }).toBeLessThanOrEqual(before);
  });

  it('is rid of those who never finish their headers, or their body, within the limits', { timeout: 30_000 }, async () => {
    const api = await door(name);
    await owner(api);
    const before = descriptors(api);
    clients(api, 20, KINDS[2]?.[1] ?? '', true);
    clients(api, 20, KINDS[3]?.[1] ?? '', true);
    const begun = performance.now();
    await expect.poll(() => descriptors(api), { timeout: 25_000, interval: 250 }).toBeLessThanOrEqual(before);
    expect(performance.now() - begun).toBeLessThan(20_000);
  });

  it('answers some of a thousand requests that are sent at once, and others meanwhile', async () => {
    const api = await door(name);
    const request = `${GET}Authorization: Bearer ${TOKEN}\r\n\r\n`.replaceAll('HOST', api.host);
    const [all, { reply }] = await Promise.all([api.raw(request.repeat(1000)), owner(api)]);
    const answers = all.match(/HTTP\/1\.1 200 OK/g)?.length ?? 0;
    expect([answers >= 2, answers < 1000, reply.status]).toEqual([true, true, 200]);
    expect(all).toContain('Connection: close');
  });
});

describe('requests that no client sends', () => {
  it('are refused as everything else is, and leave no connection', async () => {
    const api = await door('unix');
    await owner(api);
    const before = descriptors(api);
    const host = 'Host: localhost\r\n';
    const many = Array.from({ length: 200 }, (_, at) => `X-${String(at)}: y\r\n`).join('');
    const rows: readonly [string, number, string][] = [
      ['many headers', 400, `GET /api/update/status HTTP/1.1\r\n${host}${many}\r\n`],
      ['a Host behind two thousand headers', 400, `GET /api/update/status HTTP/1.1\r\n${'a:\r\n'.repeat(2500)}${host}\r\n`],
      ['long headers', 431, `GET /api/update/status HTTP/1.1\r\n${host}X: ${'y'.repeat(20_000)}\r\n\r\n`],
      ['TRACE', 405, `TRACE /api/update/status HTTP/1.1\r\n${host}\r\n`],
      ['OPTIONS for all', 404, `OPTIONS * HTTP/1.1\r\n${host}\r\n`],
      ['CONNECT', 0, `CONNECT localhost:22 HTTP/1.1\r\n${host}\r\n`],
      ['an upgrade', 200, `GET /api/update/status HTTP/1.1\r\n${host}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`],
      [
        'h2c',
        200,
        `GET /api/update/status HTTP/1.1\r\n${host}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`,
      ],
      ['an absolute address', 200, `GET http://localhost/api/update/status HTTP/1.1\r\n${host}\r\n`],
      ['the absolute address of another', 403, `GET http://evil.example/api/update/status HTTP/1.1\r\n${host}\r\n`],
      ['HTTP/2 without asking', 400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
      ['TLS', 400, '\u0016\u0003\u0001\u0002\u0000\u0001'],
    ];
    for (const [what, status, text] of rows) {
      const answer = await api.raw(text, { end: true });
      expect([what, statusOf(answer)]).toEqual([what, status]);
      if (status >= 400) expect(answer).toContain('"error":');
    }
    await expect.poll(() => descriptors(api), { timeout: 5000 }).toBeLessThanOrEqual(before);
  });
});
