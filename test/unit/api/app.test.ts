import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import { codeOf, expectRefused, expectSafe } from '../../helpers/api-server.ts';
import { run, status } from './a-run.ts';
import { served } from './served.ts';

describe('routes', () => {
  it('hand on what the backend says', async () => {
    const api = await served();
    for (const path of ['status', 'branches', 'auto', 'plan', 'history', 'openapi.json']) {
      const reply = await api.ask(`/api/update/${path}`);
      expect([path, reply.status]).toEqual([path, 200]);
      expectSafe(reply);
    }
    expect((await api.post('/api/update/auto', { auto: 'off' })).json).toEqual({ auto: 'off', time: '04:20', next_check: null });
    expect((await api.post('/api/update/skip', { version: '1.2.3' })).json).toEqual({ skipped_version: '1.2.3' });
    expect((await api.post('/api/update/notices/dismiss', {})).json).toEqual({ dismissed: [] });
    expect((await api.post('/api/update/cancel', {})).json).toEqual({ cancelled: [], result: null });
    expect((await api.post('/api/update/branch', { name: 'stable' })).status).toBe(200);
  });

  it('begin a run with 202, and follow it to its end where that is asked for', async () => {
    const now = { run: run() };
    const api = await served({
      status: () => Promise.resolve(status({ run: now.run.state === 'running' && now.run.percent === null ? null : now.run })),
    });
    expect(await api.post('/api/update/apply')).toMatchObject({ status: 202, json: { run: { id: 'r1' } } });
    const begun = await served({
      status: () => Promise.resolve(status({ run: now.run })),
      check: () => {
        now.run = run({ id: 'r2', percent: 5 });
        return Promise.resolve(now.run);
      },
    });
    now.run = run({ id: 'r1', state: 'ended' });
    const headers = { 'Content-Type': 'application/json', Accept: 'text/event-stream' };
    const stream = await begun.follow('/api/update/check', { method: 'POST', body: {}, headers });
    await stream.until(({ data }) => data.includes('"percent":5'));
    now.run = run({ id: 'r2', state: 'ended', outcome: 'ok', percent: 100 });
    begun.change();
    await stream.ended;
    expect(stream.events.map(({ data }) => /"percent":(\d+)/.exec(data)?.[1])).toEqual(['5', '100']);
  });

  it('say with BUSY what runs', async () => {
    const api = await served({ status: () => Promise.resolve(status({ run: run({ id: 'other' }) })) });
    const reply = await api.post('/api/update/rollback');
    expectRefused(reply, 409, 'BUSY');
    expect(reply.json).toMatchObject({ run: { id: 'other' } });
  });

  it('tell a defect to the journal, and to the client no more than that there is one', async () => {
    const api = await served({ plan: () => Promise.reject(new Error('the secret of /etc/shadow')) });
    const reply = await api.ask('/api/update/plan');
    expectRefused(reply, 500, 'INTERNAL');
    expect(reply.body).not.toContain('shadow');
    expect(api.warned.join('')).toContain('shadow');
  });

  it('answer 503 for a status that is not theirs', async () => {
    const api = await served({ auto: () => Promise.reject(new UpdateError('NOT_FOUND', 'no such unit')) });
    const reply = await api.ask('/api/update/auto');
    expect([reply.status, codeOf(reply)]).toEqual([503, 'NOT_FOUND']);
  });
});
