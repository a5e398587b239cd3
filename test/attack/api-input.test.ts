/** Of 40 attacks on the HTTP API: 27–30, paths; 31–34, bodies. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiProcess } from '../helpers/api-server.ts';
import { apiProcess, codeOf, expectRefused, statusOf } from '../helpers/api-server.ts';

let api: ApiProcess;

beforeAll(async () => {
  api = await apiProcess();
});
afterAll(async () => {
  await api.stop();
});

async function statusAt(target: string): Promise<number> {
  return statusOf(await api.raw(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`));
}

async function expectNotThere(targets: readonly string[]): Promise<void> {
  for (const target of targets) expect([target, await statusAt(target)]).toEqual([target, 404]);
}

describe('paths', () => {
  it('27: out of the folder and into it again', async () => {
    await expectNotThere([
      '/api/update/..%2fupdate/status',
      '/api/update/..%2f..%2fetc%2fpasswd',
      '/api/update/../update/status',
      '/api/./update/status',
      '/x/../api/update/status',
      '/api/update/%2e%2e/update/status',
      '/api/update/status/..',
      '/api\\update\\status',
      '/api/update/status;/..',
    ]);
  });

  it('28: a zero byte, and what is encoded twice', async () => {
    await expectNotThere([
      '/api/update/status%00',
      '/api/update/%00status',
      '/api/update/status%2500',
      '/api/update/%73tatus',
      '/api/update/%2573tatus',
      '/api%2fupdate%2fstatus',
      '/api/update/status%3f',
      '/api/update/st%E0%80%80atus',
      '/api/update/%',
    ]);
    expect(statusOf(await api.raw('GET /api/update/status\0 HTTP/1.1\r\nHost: localhost\r\n\r\n', { end: true }))).toBe(400);
  });

  it('29: one slash more', async () => {
    await expectNotThere([
      '//api/update/status',
      '/api//update/status',
      '/api/update//status',
      '/api/update/status/',
      '/api/update/page/',
      '/api/update//page',
      '/api/update/../api/update/page',
      '/api/update/web/page.html',
      '/api/update/page.html',
      '/api/update/openapi.json/../pikit-updates.js',
      '/api/update/',
      '/api/update',
      '/',
      '//',
    ]);
    for (const target of ['*', 'status', '']) expect(await statusAt(target)).toBeGreaterThanOrEqual(400);
  });

  it('30: in other letters', async () => {
    await expectNotThere(['/API/update/status', '/api/Update/status', '/api/update/STATUS', '/api/update/ſtatus'.normalize('NFKC').toUpperCase()]);
    for (const method of ['get', 'Get', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'QUERY']) {
      const answer = await api.raw(`${method} /api/update/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`, { end: true });
      expect([method, [400, 405].includes(statusOf(answer))]).toEqual([method, true]);
    }
  });
});

const JSON_HEAD = 'POST /api/update/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

describe('bodies', () => {
  it('31: ten megabytes, said or not', async () => {
    const huge = `{"a":"${'x'.repeat(10 * 1024 * 1024)}"}`;
    const said = await api.raw(`${JSON_HEAD}Content-Length: ${String(huge.length)}\r\n\r\n${huge}`);
    expect(statusOf(said)).toBe(413);
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`;
    const unsaid = await api.raw(`${JSON_HEAD}Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(640)}0\r\n\r\n`);
    expect(statusOf(unsaid)).toBe(413);
    // What fits to the byte is read, and one more is not.
    const fits = `{"id":"${'x'.repeat(16 * 1024 - 9)}"}`;
    expect(codeOf(await api.post('/api/update/notices/dismiss', fits))).toBe('REQUEST_INVALID');
    expectRefused(await api.post('/api/update/notices/dismiss', `${fits} `), 413, 'BODY_TOO_LARGE');
    expect((await api.ask('/api/update/status')).status).toBe(200);
  });

  it('32: nested without end', async () => {
    const deep = `${'['.repeat(8000)}${']'.repeat(8000)}`;
    expectRefused(await api.post('/api/update/apply', deep), 400, 'REQUEST_INVALID');
    expectRefused(await api.post('/api/update/apply', `{"version":${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}}`), 400, 'REQUEST_INVALID');
    expectRefused(await api.post('/api/update/apply', '['.repeat(16_000)), 400, 'REQUEST_INVALID');
  });

  it('33: a byte a second, and a length that is never reached', async () => {
    const begun = performance.now();
    const socket = api.connect();
    let answer = '';
    socket.on('error', () => undefined);
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
    socket.write(`${JSON_HEAD}Content-Length: 1000\r\n\r\n`);
    const drip = setInterval(() => socket.write(' '), 1000);
    const waiting = api.raw('POST /api/update/cancel HTTP/1.1\r\nHost: localhost\r\nX-Never: ');
    await new Promise((resolve) => socket.on('close', resolve));
    clearInterval(drip);
    expect(statusOf(answer)).toBe(408);
    expect(performance.now() - begun).toBeLessThan(25_000);
    expect(statusOf(await waiting)).toBe(408);
    // No other client had to wait for it.
    expect((await api.ask('/api/update/status')).status).toBe(200);
    // No length at all is no body.
    expect(statusOf(await api.raw(`${JSON_HEAD}Connection: close\r\n\r\n`))).toBe(400);
  });

  it('34: of another type, with keys that are not read', async () => {
    const wrong: readonly (readonly [string, unknown])[] = [
      ['check', { force: true }],
      ['check', []],
      ['check', null],
      ['check', '"text"'],
      ['check', '{'],
      ['check', ''],
      ['check', '{"a":1,"a":2}'],
      ['apply', { version: 1 }],
      ['apply', { version: 'v1.2.3' }],
      ['apply', { version: '1.2.3; rm -rf /' }],
      ['apply', { version: '1.2.3', Version: '1.2.4' }],
      ['apply', '{"__proto__":{"version":"1.2.3"}}'],
      ['apply', '{"constructor":{}}'],
      ['auto', { auto: 'on' }],
      ['auto', { time: '25:00' }],
      ['auto', { time: '04:20\n' }],
      ['branch', {}],
      ['branch', { name: '../stable' }],
      ['branch', { name: 'x'.repeat(65) }],
      ['skip', {}],
      ['skip', { version: '' }],
      ['notices/dismiss', { id: 7 }],
    ];
    for (const [path, body] of wrong) {
      const reply = await api.post(`/api/update/${path}`, body);
      expect([path, body, reply.status, codeOf(reply)]).toEqual([path, body, 400, 'REQUEST_INVALID']);
    }
    const reply = await api.post('/api/update/apply', { force: 'yes' });
    expect(reply.body).toContain("unknown key 'force' (yes)");
    expect(reply.body).toContain('allowed: version');
    expectRefused(await api.post('/api/update/check?now=1', {}), 400, 'REQUEST_INVALID');
    expectRefused(await api.ask('/api/update/history?limit=0'), 400, 'REQUEST_INVALID');
    expectRefused(await api.ask('/api/update/history?limit=5&limit=6'), 400, 'REQUEST_INVALID');
    const gzip = await api.post('/api/update/check', {}, { 'Content-Encoding': 'gzip' });
    expectRefused(gzip, 415, 'MEDIA_TYPE');
  });
});
