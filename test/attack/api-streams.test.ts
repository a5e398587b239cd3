/** Of 40 attacks on the HTTP API: 35 and 36, streams. */
import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { emptyState } from '../../lib/core/device/state.ts';
import type { ApiProcess, Followed } from '../helpers/api-server.ts';
import { apiProcess, expectRefused } from '../helpers/api-server.ts';

let api: ApiProcess;

beforeAll(async () => {
  api = await apiProcess();
});
afterAll(async () => {
  await api.stop();
});

const EVENTS = '/api/update/events';

/** Memory of the process, in bytes. */
function rss(): number {
  const text = fs.readFileSync(`/proc/${String(api.pid)}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(text)?.[1] ?? 0) * 1024;
}

/** Another status for everybody: a notice of this size. */
function change(at: number, size: number): void {
  const dir = join(api.root, 'var/lib/pikit-update');
  fs.mkdirSync(dir, { recursive: true });
  const state = { ...emptyState(), notices: [{ id: `n${String(at)}`, message: 'x'.repeat(size), at: '2026-11-22T10:00:00.000Z' }] };
  fs.writeFileSync(join(dir, 'state.tmp'), JSON.stringify(state));
  fs.renameSync(join(dir, 'state.tmp'), join(dir, 'state.json'));
}

describe('streams', () => {
  it('35: two hundred clients: six are served, and each newcomer takes the place of the oldest', async () => {
    const opened: Followed[] = [];
    for (let at = 0; at < 40; at += 1) opened.push(await api.follow(EVENTS));
    expect(opened.every(({ status }) => status === 200)).toBe(true);
    for (const one of opened.slice(0, 34)) {
      await one.ended;
      expect(one.events.at(-1)?.data).toContain('TOO_MANY_STREAMS');
    }
    const storm = await Promise.allSettled(Array.from({ length: 160 }, () => api.follow(EVENTS)));
    expect(storm.filter(({ status }) => status === 'rejected')).toEqual([]);
    for (const one of opened) await one.ended;
    const followed = storm.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    change(0, 10);
    const told = followed.slice(-6).map(async (one) => await one.until(({ data }) => data.includes('"n0"')));
    await Promise.any(told);
    for (const one of followed) one.close();
    await Promise.allSettled(told);
  });

  it('35: what `<img>`, `<script>`, `<link>`, `<audio>` and forms send holds none of them', async () => {
    const owner = await api.follow(EVENTS);
    for (const accept of ['image/avif,image/webp,*/*;q=0.8', '*/*', 'text/css,*/*;q=0.1', 'text/html,application/xhtml+xml;q=0.9']) {
      for (let at = 0; at < 10; at += 1) {
        expectRefused(await api.ask(EVENTS, { headers: { Accept: accept, Referer: 'http://evil.example/' } }), 400, 'REQUEST_INVALID');
      }
    }
    for (const fetch of [
      { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'empty' },
      { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'no-cors', 'Sec-Fetch-Dest': 'image' },
      { 'Sec-Fetch-Site': 'none', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' },
    ]) {
      for (const path of [EVENTS, '/api/update/check']) {
        const method = path === EVENTS ? 'GET' : 'POST';
        const asked = await api.ask(path, { method, headers: { Accept: 'text/event-stream', 'Content-Type': 'text/plain', ...fetch } });
        if (method === 'GET' || fetch['Sec-Fetch-Site'] !== 'same-origin') expectRefused(asked, 403, 'ORIGIN_REFUSED');
        else expectRefused(asked, 415, 'MEDIA_TYPE');
      }
    }
    change(1, 10);
    await owner.until(({ data }) => data.includes('"n1"'));
    owner.close();
  });

  it('35: a client of many streams takes none from the owner, and not the watching of a start', async () => {
    const owner = await api.follow(EVENTS, { headers: { 'X-Forwarded-For': '192.0.2.1' } });
    const greedy: Followed[] = [];
    for (let at = 0; at < 60; at += 1) greedy.push(await api.follow(EVENTS, { headers: { 'X-Forwarded-For': `10.0.0.${String(at)}, 192.0.2.66` } }));
    const start = await api.follow('/api/update/check', {
      method: 'POST',
      body: {},
      headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream', 'X-Forwarded-For': '192.0.2.1' },
    });
    expect(start.status).not.toBe(503);
    change(2, 10);
    await owner.until(({ data }) => data.includes('"n2"'));
    for (const one of [owner, start, ...greedy]) one.close();
  });

  it('36: a client that never reads is let go of; ones that come and go leave nothing', async () => {
    const deaf = api.connect();
    deaf.on('error', () => undefined);
    deaf.pause();
    const gone = new Promise((resolve) => deaf.on('close', resolve));
    deaf.write(`GET ${EVENTS} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`);
    const reader = await api.follow(EVENTS);
    await reader.until(() => true);
    const before = rss();
    // Each is made when the one before has been seen: as fast as the server likes.
    for (let at = 1; at < 30; at += 1) {
      change(at, 100_000);
      const id = `"n${String(at)}"`;
      await reader.until(({ data }) => data.includes(id));
    }
    // Two and a half megabytes were for it; what it left waiting is bounded.
    deaf.resume();
    await gone;
    expect(deaf.bytesRead).toBeLessThan(30 * 100_000);
    expect(rss() - before).toBeLessThan(64 * 1024 * 1024);

    for (let round = 0; round < 60; round += 1) {
      const one = await api.follow(EVENTS);
      expect(one.status).toBe(200);
      await one.until(({ event }) => event === 'status');
      one.close();
      // Its place is free as soon as the server has heard of it.
      await one.ended;
    }
    expect(reader.events.length).toBeGreaterThan(20);
    reader.close();
  });
});
