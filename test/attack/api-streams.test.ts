/** Attacks on the HTTP API, by their numbers in docs/reliability.md 4.3: 35 and 36, streams. */
import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiProcess } from '../helpers/api-server.ts';
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
  const state = { ...EMPTY, notices: [{ id: `n${String(at)}`, message: 'x'.repeat(size), at: '2026-11-22T10:00:00.000Z' }] };
  fs.writeFileSync(join(dir, 'state.tmp'), JSON.stringify(state));
  fs.renameSync(join(dir, 'state.tmp'), join(dir, 'state.json'));
}

const EMPTY = {
  schema: 1,
  current: null,
  latest: null,
  branch: 'stable',
  last_check: null,
  last_result: null,
  progress: null,
  backup_path: null,
  available: null,
  installed_branch: null,
  staged: null,
  held: [],
  notices: [],
  drift: [],
  unsigned: true,
};

describe('streams', () => {
  it('35: two hundred clients: eight are served, and the rest is told when to come back', async () => {
    const opened = await Promise.all(Array.from({ length: 40 }, () => api.follow(EVENTS)));
    const served = opened.filter(({ status }) => status === 200);
    expect(served).toHaveLength(8);
    for (const one of opened.filter(({ status }) => status !== 200)) {
      expect([one.status, Number(one.headers['retry-after']) > 0]).toEqual([503, true]);
    }
    // Beyond 64 connections at a time the socket itself says no; those that were let in go on.
    const storm = await Promise.allSettled(Array.from({ length: 160 }, () => api.ask(EVENTS)));
    for (const one of storm) if (one.status === 'fulfilled') expectRefused(one.value, 503, 'TOO_MANY_STREAMS');
    change(0, 10);
    for (const one of served) await one.until(({ data }) => data.includes('"n0"'));
    for (const one of served) one.close();
  });

  it('36: a client that never reads is let go of; ones that come and go leave nothing', async () => {
    const deaf = api.connect();
    deaf.on('error', () => undefined);
    deaf.pause();
    const gone = new Promise((resolve) => deaf.on('close', resolve));
    deaf.write(`GET ${EVENTS} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
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
