/** Attack 40 of 40 on the HTTP API: starts on top of each other, in every state. */
import fs from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ApiProcess, Followed, Reply } from '../helpers/api-server.ts';
import { apiProcess, expectRefused } from '../helpers/api-server.ts';
import type { Gate } from '../helpers/release-server.ts';
import { gate } from '../helpers/release-server.ts';
import type { Published } from '../unit/steps/published.ts';
import { onSite } from '../unit/steps/published.ts';
import type { Device } from '../helpers/device.ts';

type Held = Omit<Published, 'bundle'> & {
  on: Device;
  api: ApiProcess;
  bundle: Gate;
  health: Gate;
  asked: { bundle: Promise<void>; health: Promise<void> };
};

/** 1.0.0 is installed and 1.1.0 is there; its bundle, and the probe after its installation, come when the gates are opened. */
async function held(): Promise<Held> {
  const site = await onSite(['1.0.0', '1.1.0']);
  const [bundle, health, bundleAsked, healthAsked] = [gate(), gate(), gate(), gate()];
  site.server.answer('/bundles/pikit-1.1.0.tar.gz', (request, response) => {
    bundleAsked.open();
    void bundle.opened.then(() => response.end(fs.readFileSync(site.bundle('1.1.0'))));
    request.resume();
  });
  site.server.answer('/health', (request, response) => {
    healthAsked.open();
    void health.opened.then(() => response.end('ok'));
    request.resume();
  });
  site.on.configure({ url: site.server.url, health: [`${site.server.url}health`], healthTimeout: '60s', toml: '' });
  const api = await apiProcess({ root: site.on.root });
  onTestFinished(async () => {
    await api.stop();
  });
  return { ...site, api, bundle, health, asked: { bundle: bundleAsked.opened, health: healthAsked.opened } };
}

const AS_EVENTS = { 'Content-Type': 'application/json', Accept: 'text/event-stream' };

async function watched(api: ApiProcess, path: string, body: unknown = {}): Promise<Followed> {
  return await api.follow(path, { method: 'POST', body, headers: AS_EVENTS });
}

function runOf(reply: Pick<Reply, 'json'>): Record<string, unknown> {
  const run: unknown = Reflect.get(Object(reply.json), 'run');
  return typeof run === 'object' && run !== null ? Object.fromEntries(Object.entries(run)) : {};
}

function member(reply: Reply, name: string): unknown {
  return Reflect.get(Object(reply.json), name);
}

/** Steps on record, oldest first, with what they came to. */
async function history(api: ApiProcess): Promise<string[]> {
  const list = member(await api.ask('/api/update/history'), 'history');
  return Array.isArray(list)
    ? list.map((one: unknown) => `${String(Reflect.get(Object(one), 'step'))} ${String(Reflect.get(Object(one), 'outcome'))}`)
    : [];
}

describe('starts', { timeout: 60_000 }, () => {
  it('40: apply twice, and everything else while it runs', async () => {
    const { api, bundle, health, asked, on } = await held();
    const first = await watched(api, '/api/update/apply');
    expect(first.status).toBe(200);
    await asked.bundle;
    const during = await api.ask('/api/update/status');
    expect(during.json).toMatchObject({ current: '1.0.0', run: { state: 'running', kind: 'update' } });
    for (const path of ['apply', 'check', 'rollback']) {
      const reply = await api.post(`/api/update/${path}`);
      expectRefused(reply, 409, 'BUSY');
      expect(runOf(reply)['id']).toBe(runOf(during)['id']);
    }
    for (const path of ['status', 'plan', 'branches', 'history', 'auto']) expect((await api.ask(`/api/update/${path}`)).status).toBe(200);
    bundle.open();
    await asked.health;
    const applying = await api.ask('/api/update/status');
    expect(applying.json).toMatchObject({ run: { state: 'running', kind: 'update' } });
    expectRefused(await api.post('/api/update/rollback'), 409, 'BUSY');
    health.open();
    await first.ended;
    expect((await api.ask('/api/update/status')).json).toMatchObject({ current: '1.1.0', last_result: { step: 'apply', outcome: 'ok' } });
    expect(on.read('/etc/pikit/version')).toBe('1.1.0\n');
    expect(await history(api)).toEqual(['apply ok', 'apply ok']);
  });

  it('40: twenty applies at once are one, and no rollback', async () => {
    const { api, bundle, health, asked } = await held();
    const replies = Promise.all(Array.from({ length: 20 }, () => api.post('/api/update/apply')));
    await asked.bundle;
    const all = await replies;
    expect(all.filter(({ status }) => status === 202)).toHaveLength(1);
    const refused = all.filter(({ status }) => status === 409);
    expect(refused).toHaveLength(19);
    expect([...new Set(all.map((reply) => runOf(reply)['id']))]).toHaveLength(1);
    const events = await api.follow('/api/update/events');
    bundle.open();
    health.open();
    await events.until(({ data }) => data.includes('"current":"1.1.0"') && data.includes('"step":"apply","outcome":"ok"'));
    events.close();
    expect(await history(api)).toEqual(['apply ok', 'apply ok']);
  });

  it('40: the same key is the same run, for as long as it is that run', async () => {
    const { api, bundle, health, asked } = await held();
    const key = { 'Idempotency-Key': 'click-1' };
    const [one, two] = await Promise.all([api.post('/api/update/apply', {}, key), api.post('/api/update/apply', {}, key)]);
    expect([one.status, two.status]).toEqual([202, 202]);
    expect(runOf(one)['id']).toBe(runOf(two)['id']);
    await asked.bundle;
    expect((await api.post('/api/update/apply', {}, key)).status).toBe(202);
    expectRefused(await api.post('/api/update/apply', {}, { 'Idempotency-Key': 'click-2' }), 409, 'BUSY');
    expectRefused(await api.post('/api/update/check', {}, key), 409, 'BUSY');
    bundle.open();
    health.open();
    const events = await api.follow('/api/update/events');
    await events.until(({ data }) => data.includes('"step":"apply","outcome":"ok"') && data.includes('"current":"1.1.0"'));
    events.close();
  });

  it('40: apply while a rollback runs', async () => {
    const { api, bundle, health, asked, server, on } = await held();
    bundle.open();
    health.open();
    await (
      await watched(api, '/api/update/apply')
    ).ended;
    expect(on.read('/etc/pikit/version')).toBe('1.1.0\n');
    await asked.health;
    const [again, againAsked] = [gate(), gate()];
    server.answer('/health', (_request, response) => {
      againAsked.open();
      void again.opened.then(() => response.end('ok'));
    });
    const back = await watched(api, '/api/update/rollback');
    await againAsked.opened;
    expectRefused(await api.post('/api/update/apply'), 409, 'BUSY');
    expectRefused(await api.post('/api/update/cancel'), 409, 'BUSY');
    again.open();
    await back.ended;
    expect(on.read('/etc/pikit/version')).toBe('1.0.0\n');
  });

  it('40: cancel in the middle of a download leaves everything as it was', async () => {
    const { api, asked, on } = await held();
    const run = await watched(api, '/api/update/apply');
    await asked.bundle;
    const reply = await api.post('/api/update/cancel');
    expect([reply.status, member(reply, 'cancelled')]).toEqual([200, expect.arrayContaining(['fetch'])]);
    await run.ended;
    expect(on.read('/etc/pikit/version')).toBe('1.0.0\n');
    expect((await api.post('/api/update/cancel')).json).toEqual({ cancelled: [], result: null });
    expect(await history(api)).not.toContain('rollback ok');
  });

  it('40: a download that fails is told to its end, and the next apply does not become one with what is still ending', async () => {
    const { api, server } = await held();
    server.answer('/bundles/pikit-1.1.0.tar.gz', (request, response) => {
      request.resume();
      response.writeHead(404).end();
    });
    const ids: unknown[] = [];
    for (let round = 0; round < 4; round += 1) {
      const run = await watched(api, '/api/update/apply');
      await run.ended;
      const runs = run.events.map(({ data }) => runOf({ json: JSON.parse(data) }));
      expect(runs.at(-1)).toMatchObject({ kind: 'update', state: 'ended', outcome: 'failed', code: 'NOT_FOUND' });
      expect(runs.map(({ id }) => id)).not.toContain('queued');
      ids.push(runs.at(-1)?.['id']);
    }
    expect(new Set(ids).size).toBe(4);
  });

  it('40: a version that is not on offer is not there', async () => {
    const { api } = await held();
    expectRefused(await api.post('/api/update/apply', { version: '9.9.9' }), 404, 'NOT_FOUND');
    expectRefused(await api.post('/api/update/branch', { name: 'nowhere' }), 404, 'BRANCH_UNKNOWN');
    expect((await api.post('/api/update/branch', { name: 'stable' })).status).toBe(200);
  });
});
