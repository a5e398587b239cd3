/** The API against the built gateway: orders over a real socket, one process each, and a bus on which something answers as systemd does. */
import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deviceBackend } from '../../../lib/api/device-backend.ts';
import { devicePaths } from '../../../lib/core/device/paths.ts';
import { gatewayOrders, queueByGateway } from '../../../lib/device/gateway-orders.ts';
import { takeLock } from '../../../lib/io/state/lock.ts';
import { orderClient } from '../../../lib/io/api/order-client.ts';
import type { ReconnectingUnits } from '../../../lib/io/systemd/reconnecting-units.ts';
import { reconnectingUnits } from '../../../lib/io/systemd/reconnecting-units.ts';
import type { Client } from '../../helpers/api-server.ts';
import { codeOf, expectRefused } from '../../helpers/api-server.ts';
import type { CliDevice } from '../../helpers/cli-device.ts';
import { available, cliDevice } from '../../helpers/cli-device.ts';
import type { FakeSystemd } from '../../helpers/fake-systemd.ts';
import { fakeSystemd, hasBus } from '../../helpers/fake-systemd.ts';
import { run } from '../../helpers/device.ts';
import { matching } from '../../helpers/matchers.ts';
import type { OrderGateway } from '../../helpers/order-gateway.ts';
import { orderGateway } from '../../helpers/order-gateway.ts';
import { leaveRun } from '../../helpers/run-start.ts';
import { writeTree } from '../../helpers/site-builder.ts';
import { served } from './served.ts';
import { PATIENTLY } from '../../helpers/wait.ts';

const JOB = /^(?:Start|Stop|Restart|Reload)Unit /;

describe.skipIf(!hasBus)('the API and its gateway (skipped without dbus-daemon)', () => {
  let fake: FakeSystemd;
  let gateway: OrderGateway;
  let device: CliDevice;
  let units: ReconnectingUnits;
  let api: Client;

  beforeEach(async () => {
    fake = await fakeSystemd();
    device = cliDevice({ alive: false });
    fake.job = (verb, unit) => {
      if (verb === 'StartUnit') leaveRun(device.deps.files, unit);
      return 'done';
    };
    gateway = await orderGateway(device.root);
    const ask = orderClient(gateway.socketPath);
    units = reconnectingUnits({ queue: queueByGateway(ask) });
    const deps = { ...device.deps, units: () => Promise.resolve(units) };
    api = await served(deviceBackend(deps, () => undefined, gatewayOrders(ask, units)));
  });
  afterEach(async () => {
    units.close();
    await gateway.stop();
    await fake.stop();
  });
  const jobs = (): string[] => fake.calls.filter((call) => JOB.test(call));

  it('starts what is asked, in mode replace, and has the end of the job from the bus', async () => {
    expect(await api.post('/api/update/check')).toMatchObject({ status: 202, json: { run: { kind: 'check', state: 'ended', outcome: 'nothing' } } });
    expect(await api.post('/api/update/rollback')).toMatchObject({ status: 202, json: { run: { kind: 'rollback' } } });
    expect(await api.post('/api/update/apply')).toMatchObject({ status: 202 });
    expect(jobs()).toEqual(['check', 'rollback', 'apply'].map((step) => `StartUnit pikit-update-${step}.service replace`));
    expect(gateway.logged()).toBe('check\nrollback\napply\n');
    expect(await gateway.settled()).toEqual([0, 0, 0]);
  });

  it('does not miss a job that is over before the gateway has answered', async () => {
    fake.early = true;
    fake.job = () => {
      leaveRun(device.deps.files, 'pikit-update-check.service', { outcome: 'failed', code: 'OFFLINE', message: 'no network' });
      return 'failed';
    };
    expect(await api.post('/api/update/check')).toMatchObject({ status: 202, json: { run: { outcome: 'failed', code: 'OFFLINE' } } });
  });

  it('shows a start that waits as queued, and another one is told that something runs', async () => {
    fake.job = () => {
      fake.change('pikit-update-apply.service', { unit: { ActiveState: ['s', 'inactive'], Job: ['(uo)', [1, '/org/freedesktop/systemd1/job/1']] } });
      fake.change('pikit-update-fetch.service', {
        unit: { ActiveState: ['s', 'activating'], InvocationID: ['ay', Buffer.alloc(16, 7)], InactiveExitTimestamp: ['t', 1_790_000_000_000_000n] },
      });
      return 'never';
    };
    const key = { 'Idempotency-Key': 'tab-1' };
    const started = await api.post('/api/update/apply', {}, key);
    expect(started).toMatchObject({ status: 202, json: { run: { id: '07'.repeat(16), state: 'running' } } });
    expect((await api.post('/api/update/apply', {}, key)).json).toEqual(started.json);
    expect(await api.post('/api/update/check')).toMatchObject({ status: 409, json: { error: { code: 'BUSY' }, run: { id: '07'.repeat(16) } } });
    expect(jobs()).toHaveLength(1);
  });

  it('writes down what was confirmed, and takes it back when systemd refuses the start', async () => {
    device.setState({ available: available({ outcome: 'held', reason: 'it fell' }) });
    writeTree(device.root, { '/usr/local/bin/tool': 'mine' });
    const { files } = device.deps;
    await api.post('/api/update/apply', { version: '1.4.0', replace: ['/usr/local/bin/tool'] });
    expect(files.readWanted()).toMatchObject({ version: '1.4.0', retry: true, replace: [{ path: '/usr/local/bin/tool' }] });
    fake.refusals.set('StartUnit', ['org.freedesktop.systemd1.NoSuchUnit', 'Unit not found.']);
    expectRefused(await api.post('/api/update/apply', { version: '1.4.0' }), 503, 'SYSTEMD_UNAVAILABLE');
    expect(files.readWanted()).toBeNull();
    expectRefused(await api.post('/api/update/apply', { version: '9.9.9' }), 404, 'NOT_FOUND');
    expectRefused(await api.post('/api/update/apply', { version: '1.4.0', manifest_sha256: '0'.repeat(64) }), 409, 'RELEASE_CHANGED');
  });

  it('takes back what was agreed to when the unit fails without a word', async () => {
    device.setState({ available: available({ outcome: 'held', reason: 'it fell' }) });
    fake.job = (verb) => (verb === 'StartUnit' ? 'dependency' : 'done');
    const refused = await api.post('/api/update/apply', { version: '1.4.0' });
    expect([refused.status, codeOf(refused)]).toEqual([503, 'STEP_FAILED']);
    expect(device.deps.files.readWanted()).toBeNull();
    expect(jobs()).toEqual(['StartUnit pikit-update-apply.service replace', 'StopUnit pikit-update-apply.service replace']);
  });

  it('stops what runs, and waits for its end', async () => {
    fake.units.set('pikit-update-fetch.service', { unit: { ActiveState: ['s', 'activating'] } });
    expect(await api.post('/api/update/cancel')).toMatchObject({ status: 200, json: { cancelled: ['fetch'] } });
    expect(jobs()).toEqual(['StopUnit pikit-update-fetch.service replace']);
    fake.units.set('pikit-update-rollback.service', { unit: { ActiveState: ['s', 'activating'] } });
    expectRefused(await api.post('/api/update/cancel'), 409, 'BUSY');
    expect(jobs()).toHaveLength(1);
  });

  it('writes the settings, one order after the other', async () => {
    const answers = await Promise.all([
      api.post('/api/update/auto', { auto: 'install', time: '05:00' }),
      api.post('/api/update/skip', { version: '1.5.0' }),
      api.post('/api/update/auto', { time: '06:00' }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(device.deps.files.readSettings()).toMatchObject({ auto: 'install', time: '06:00', skipped_version: '1.5.0' });
    expect(jobs()).toEqual(Array.from({ length: 2 }, () => 'StartUnit pikit-update-auto@install.service replace'));
    fake.job = () => 'failed';
    expectRefused(await api.post('/api/update/auto', { auto: 'off' }), 503, 'STEP_FAILED');
    expect(device.deps.files.readSettings()).toMatchObject({ auto: 'install' });
  });

  it('writes each of several that come at the same time, also where the command line is another one', async () => {
    const { files, paths } = device.deps;
    await api.post('/api/update/skip', { version: null });
    const release = await takeLock(paths.settingsLock, { waitMs: 0, onWait: () => undefined, signal: new AbortController().signal });
    const lock = String(fs.statSync(paths.settingsLock).ino);
    const waiting = (): number =>
      fs.readFileSync('/proc/locks', 'utf8').split('\n').filter((line) => line.includes('->') && line.includes(`:${lock} `)).length; // prettier-ignore
    let ended = 0;
    const orders = [
      gateway.send('{"order":"skip","version":"1.5.0"}'),
      run('pikit-update', device.root, { args: ['auto', 'install', '--time', '05:00'] }),
    ].map(async (order) => {
      await order;
      ended += 1;
    });
    await vi.waitUntil(() => waiting() + ended === orders.length, { timeout: 30_000 });
    expect([waiting(), ended]).toEqual([orders.length, 0]);
    files.writeSettings({ ...files.readSettings(), branch: 'beta' });
    release();
    await Promise.all(orders);
    expect(files.readSettings()).toEqual({ branch: 'beta', auto: 'install', time: '05:00', skipped_version: '1.5.0' });
  });

  it('follows a branch that is there, and asks for the list before it says that one is not', async () => {
    expect(await api.post('/api/update/branch', { name: 'stable' })).toMatchObject({ status: 200 });
    expectRefused(await api.post('/api/update/branch', { name: 'nowhere' }), 404, 'BRANCH_UNKNOWN');
    expect(jobs()).toEqual(['StartUnit pikit-update-check.service replace']);
  });

  it('dismisses notices, which are the only ones that are gone', async () => {
    const notices = ['a', 'b'].map((id) => ({ id, message: `of ${id}`, at: '2026-11-20T10:00:00.000Z' }));
    device.setState({ notices });
    expect(await api.post('/api/update/notices/dismiss', { id: 'b' })).toMatchObject({ status: 200, json: { dismissed: [{ id: 'b' }] } });
    expect(device.deps.files.readState().notices).toEqual([notices[0]]);
    expectRefused(await api.post('/api/update/notices/dismiss', { id: 'b' }), 404, 'NOT_FOUND');
  });

  it('says what is wrong when no gateway carries out orders, and goes on showing what there is', async () => {
    await gateway.stop();
    const refused = await api.post('/api/update/check');
    expect(refused).toMatchObject({ status: 503, json: { error: { code: 'SYSTEMD_UNAVAILABLE', hint: matching(/pikit-update-order\.socket/) } } });
    expect((await api.ask('/api/update/status')).status).toBe(200);
    gateway = await orderGateway(device.root);
  });

  it('carries out an order of a client that does not wait for its end', async () => {
    device.setState({ available: available() });
    await gateway.send('{"order":"apply","version":"1.4.0","manifest_sha256":null,"replace":[]}', { leave: true });
    await vi.waitUntil(() => jobs().length === 1, PATIENTLY);
    expect(await gateway.settled()).toEqual([0]);
    expect(device.deps.files.readWanted()?.version).toBe('1.4.0');
    expect(devicePaths('/').orderSocket).toBe('/run/pikit-update-api/order.sock');
  });
});
