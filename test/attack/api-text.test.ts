/** Of 40 attacks on the HTTP API: 37–39, text of others that a browser may run. */
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { emptyState } from '../../lib/core/device/state.ts';
import type { ApiProcess } from '../helpers/api-server.ts';
import { apiProcess, expectRefused, expectSafe, statusOf } from '../helpers/api-server.ts';
import { receipt } from '../helpers/cli-device.ts';
import { onSite } from '../unit/steps/published.ts';

async function served(root?: string): Promise<ApiProcess> {
  const api = await apiProcess(root === undefined ? {} : { root });
  onTestFinished(async () => {
    await api.stop();
  });
  return api;
}

describe('text of others', () => {
  it('37: a script in the notes of a release is text, in a type that no browser runs', async () => {
    const notes = '<script>alert(1)</script><img src=x onerror=alert(1)> \u2028 {{7*7}}';
    const { on, publish } = await onSite([]);
    await publish('1.0.0', { notes });
    const api = await served(on.root);
    const watched = await api.follow('/api/update/check', {
      method: 'POST',
      body: {},
      headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' },
    });
    await watched.ended;
    const status = await api.ask('/api/update/status');
    expect(status.json).toMatchObject({ available: { version: '1.0.0', notes } });
    expect(status.headers['content-type']).toBe('application/json; charset=utf-8');
    expectSafe(status);
    expectSafe(watched);
    expect(watched.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(watched.events.at(-1)?.data).toContain('<script>');
  });

  it('38: what is asked ends in no line of ours as it is: no colours, no second line', async () => {
    const api = await served();
    const evil = '\u001b[31m1.0.0\n<3>pikit: all is well\r\n';
    for (const reply of [
      await api.post('/api/update/apply', { version: evil }),
      await api.post('/api/update/skip', { version: evil }),
      await api.post('/api/update/branch', { name: evil }),
      await api.post('/api/update/notices/dismiss', { [evil]: evil }),
      await api.post('/api/update/auto', { auto: evil }),
      await api.ask(`/api/update/logs?cursor=${encodeURIComponent(evil)}`),
      await api.ask(`/api/update/history?${encodeURIComponent(evil)}=1`),
    ]) {
      expectRefused(reply, 400, 'REQUEST_INVALID');
      // A backslash that is meant as one: what a value had is written out, and decodes to no control character.
      const decodable = reply.body.replaceAll('\\\\', '');
      // eslint-disable-next-line no-control-regex -- control characters are what this is about
      expect(decodable).not.toMatch(/[\u0000-\u001f]|\\u001b|\\n/);
    }
    expect(api.output()).toMatch(/^listening on .*\n$/);
  });

  it('39: no header of an answer is made of what was asked', async () => {
    const api = await served();
    const injected = 'X-Evil: 1';
    for (const target of [`/api/update/status%0d%0a${injected}`, `/api/update/history?limit=1%0d%0a${injected}`, `/%0d%0aSet-Cookie:%20a=b`]) {
      const answer = await api.raw(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
      expect(statusOf(answer)).toBeGreaterThanOrEqual(400);
      expect(answer).not.toMatch(/\r\n(?:X-Evil|Set-Cookie)/i);
    }
    for (const line of ['Idempotency-Key: a\tb', `Last-Event-ID: x\u0001y`, 'Origin: http://localhost\u000b', 'X: a\rb']) {
      const answer = await api.raw(`GET /api/update/events HTTP/1.1\r\nHost: localhost\r\n${line}\r\nConnection: close\r\n\r\n`, { end: true });
      // eslint-disable-next-line no-control-regex -- control characters are what this is about
      expect(answer).not.toMatch(/x\u0001y|\u000b/);
    }
    fs.mkdirSync(join(api.root, 'var/lib/pikit-update'), { recursive: true });
    const key = await api.post('/api/update/check', {}, { 'Idempotency-Key': 'a b' });
    expectRefused(key, 400, 'REQUEST_INVALID');
  });

  it('what a failed service wrote is in no answer: not from state.json, published.json or the history', async () => {
    const api = await served();
    const failed = receipt({ outcome: 'failed', code: 'SERVICE_FAILED', subject: 'pikit-api.service', lines: ['password=hunter2'] });
    for (const dir of ['var/lib/pikit-update', 'var/lib/pikit']) fs.mkdirSync(join(api.root, dir), { recursive: true });
    const { lines } = failed;
    expect(lines).not.toEqual([]);
    fs.writeFileSync(join(api.root, 'var/lib/pikit-update/state.json'), JSON.stringify({ ...emptyState(), last_result: failed }));
    fs.writeFileSync(join(api.root, 'var/lib/pikit/history.jsonl'), `${JSON.stringify(failed)}\n`);
    for (const path of ['status', 'history', 'plan']) {
      const answer = await api.ask(`/api/update/${path}`);
      expect([path, answer.status, answer.body.includes('hunter2')]).toEqual([path, 200, false]);
    }
    const events = await api.follow('/api/update/events');
    expect((await events.until(({ event }) => event === 'status')).data).toContain('pikit-api.service');
    expect(events.text()).not.toContain('hunter2');
    events.close();
    const cancelled = await api.post('/api/update/cancel');
    expect(cancelled.body).not.toContain('hunter2');
  });
});
