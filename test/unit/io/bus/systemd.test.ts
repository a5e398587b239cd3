import { once } from 'node:events';
import v8 from 'node:v8';
import vm from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { connectSystemd } from '../../../../lib/io/bus/systemd.ts';
import type { Systemd } from '../../../../lib/io/bus/systemd.ts';
import type { FakeSystemd } from '../../../helpers/fake-systemd.ts';
import { fakeSystemd, hasBus } from '../../../helpers/fake-systemd.ts';
import { containing, matching } from '../../../helpers/matchers.ts';
import { PATIENTLY } from '../../../helpers/wait.ts';

const UNIT = 'pikit-api.service';

v8.setFlagsFromString('--expose-gc');
const Gc = z.custom<() => void>((value) => typeof value === 'function');
const collect = Gc.parse(vm.runInNewContext('gc'));

/** What is still in use. */
function usedHeap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

describe.skipIf(!hasBus)('connectSystemd (skipped without dbus-daemon)', () => {
  let fake: FakeSystemd;
  let systemd: Systemd;
  beforeEach(async () => {
    fake = await fakeSystemd();
    systemd = await connectSystemd();
  });
  afterEach(async () => {
    vi.useRealTimers();
    systemd.close();
    await fake.stop();
  });

  it('listens before it starts anything', () => {
    expect(fake.calls).toEqual(['Subscribe']);
  });

  it.each(['done', 'failed', 'dependency', 'timeout', 'canceled', 'skipped'])('passes on the result %s of a job', async (result) => {
    fake.job = () => result;
    expect(await systemd.job('StartUnit', UNIT, 5000)).toBe(result);
    expect(fake.calls.at(-1)).toBe(`StartUnit ${UNIT} replace`);
  });

  it('does not miss a job that ends before its start is answered', async () => {
    fake.early = true;
    fake.job = () => 'failed';
    expect(await systemd.job('RestartUnit', UNIT, 5000)).toBe('failed');
  });

  it('calls a job that does not end in time a timeout', async () => {
    fake.job = () => 'never';
    expect(await systemd.job('StartUnit', UNIT, 50)).toBe('timeout');
  });

  it.each([
    ['org.freedesktop.DBus.Error.AccessDenied', 'Access denied', 'PERMISSION', /root/],
    ['org.freedesktop.DBus.Error.InteractiveAuthorizationRequired', 'Interactive authentication required.', 'PERMISSION', /root/],
    ['org.freedesktop.systemd1.NoSuchUnit', `Unit ${UNIT} not found.`, 'NOT_FOUND', /installed/],
    ['org.freedesktop.systemd1.UnitMasked', `Unit ${UNIT} is masked.`, 'STEP_FAILED', /unmask/],
    ['org.freedesktop.DBus.Error.Failed', 'no idea', 'SYSTEMD_UNAVAILABLE', /dbus/],
  ])('turns the refusal %s into a code and a hint', async (name, text, code, hint) => {
    fake.refusals.set('StartUnit', [name, text]);
    await expect(systemd.job('StartUnit', UNIT, 5000)).rejects.toMatchObject({
      code,
      message: `systemd refused StartUnit: ${text.replace(/\.$/, '')}`,
      hint: matching(hint),
    });
  });

  it('believes only systemd that a job is over', async () => {
    fake.job = () => 'never';
    const job = systemd.job('StartUnit', UNIT, 300);
    await vi.waitUntil(() => fake.calls.length === 2, PATIENTLY);
    await fake.forge('done');
    expect(await job).toBe('timeout');
  });

  it('goes on when systemd comes back under another name', async () => {
    await fake.reexec();
    expect(await systemd.job('StartUnit', UNIT, 5000)).toBe('done');
  });

  it('waits for systemd while it executes itself anew, and starts nothing that it has given up', async () => {
    const hasty = await connectSystemd({ callTimeoutMs: 50 });
    await fake.leave();
    await expect(hasty.job('StartUnit', UNIT, 5000)).rejects.toMatchObject({
      code: 'SYSTEMD_UNAVAILABLE',
      message: 'systemd did not answer StartUnit within 0.05 s: it is reloading its units',
      hint: 'try again in a moment',
    });
    const unit = systemd.unit(UNIT);
    await fake.reexec();
    expect(await unit).toMatchObject({ name: UNIT });
    await hasty.unit(UNIT);
    expect(fake.calls.filter((call) => call.startsWith('StartUnit'))).toEqual([]);
    hasty.close();
  });

  it.each([
    ['failed', 'failed'],
    ['inactive', 'done'],
  ])('learns from its unit, which is %s, how a job ended while systemd was away', async (state, result) => {
    fake.job = () => 'never';
    fake.units.set(UNIT, { unit: { ActiveState: ['s', state] } });
    const job = systemd.job('StartUnit', UNIT, 5000);
    await vi.waitUntil(() => fake.calls.length === 2, PATIENTLY);
    fake.loseJobs();
    await fake.reexec();
    expect(await job).toBe(result);
  });

  it('goes on waiting for a job that outlives systemd', async () => {
    let end: (result: string) => void = () => undefined;
    fake.job = () => new Promise((resolve) => (end = resolve));
    const job = systemd.job('StartUnit', UNIT, 5000);
    await vi.waitUntil(() => fake.calls.length === 2, PATIENTLY);
    await fake.reexec();
    await vi.waitUntil(() => fake.calls.some((call) => call.startsWith('Get ')), PATIENTLY);
    end('canceled');
    expect(await job).toBe('canceled');
  });

  it('says once that the connection is lost, and nothing of the kind when it is closed', async () => {
    const onLost = vi.fn();
    const closed = await connectSystemd({ onLost });
    closed.close();
    const lost = await connectSystemd({ onLost });
    await fake.killBus();
    await vi.waitUntil(() => onLost.mock.calls.length > 0, PATIENTLY);
    await expect(lost.unit(UNIT)).rejects.toMatchObject({ code: 'SYSTEMD_UNAVAILABLE' });
    expect(onLost).toHaveBeenCalledTimes(1);
    await fake.reviveBus();
  });

  it('reads the facts of a service, and of a unit that is not there', async () => {
    fake.units.set(UNIT, {
      unit: { LoadState: ['s', 'loaded'], ActiveState: ['s', 'failed'], SubState: ['s', 'failed'], UnitFileState: ['s', 'enabled'] },
      service: {
        Type: ['s', 'simple'],
        Result: ['s', 'exit-code'],
        NRestarts: ['u', 3],
        ExecMainStatus: ['i', 75],
        ExecMainExitTimestamp: ['t', 5n],
        StatusText: ['s', 'x'],
      },
    });
    expect(await systemd.unit(UNIT)).toEqual({
      name: UNIT,
      loadState: 'loaded',
      activeState: 'failed',
      subState: 'failed',
      unitFileState: 'enabled',
      type: 'simple',
      result: 'exit-code',
      restarts: 3,
      exitStatus: 75,
      statusText: 'x',
      hasJob: false,
      invocation: null,
      since: null,
      refused: null,
    });
    expect(await systemd.unit('other.service')).toMatchObject({ loadState: 'not-found', type: null, exitStatus: null });
  });

  it('tells of changes of the unit that is followed, and of no other', async () => {
    const seen = vi.fn();
    await systemd.onChange(UNIT, seen);
    fake.change('other.service', { unit: { ActiveState: ['s', 'active'] } });
    fake.change(UNIT, { unit: { ActiveState: ['s', 'active'] } });
    await systemd.unit(UNIT);
    expect(seen).toHaveBeenCalledTimes(1);
  });

  it('knows when a timer elapses', async () => {
    fake.units.set('pikit-update.timer', { unit: {}, timer: { NextElapseUSecRealtime: ['t', 1_795_000_000_000_000n] } });
    expect(await systemd.nextElapse('pikit-update.timer')).toEqual(new Date(1_795_000_000_000));
  });

  it('enables, disables and reloads', async () => {
    await systemd.enable(['a.timer']);
    await systemd.disable(['a.timer']);
    await systemd.reloadDaemon();
    expect(fake.calls.slice(-3)).toEqual(['EnableUnitFiles a.timer false true', 'DisableUnitFiles a.timer false', 'Reload']);
  });

  it('does not wait for ever for an answer', async () => {
    fake.silent.add('Reload');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const reload = systemd.reloadDaemon();
    const refused = expect(reload).rejects.toMatchObject({ code: 'SYSTEMD_UNAVAILABLE', message: 'systemd did not answer Reload within 25 s' });
    await vi.advanceTimersByTimeAsync(25_000);
    await refused;
  });

  it('keeps no answer once it has been given, however long the connection lives', async () => {
    fake.units.set(UNIT, { unit: { Description: ['s', 'x'.repeat(256 * 1024)] } });
    await systemd.unit(UNIT);
    const before = usedHeap();
    for (let each = 0; each < 100; each += 1) await systemd.unit(UNIT);
    expect(usedHeap() - before).toBeLessThan(8 * 1024 * 1024);
  });

  it('says at once that the bus is gone, to a job that is waited for and to every later call', async () => {
    fake.job = () => 'never';
    const job = systemd.job('StartUnit', UNIT, 60_000);
    const refused = expect(job).rejects.toMatchObject({ code: 'SYSTEMD_UNAVAILABLE', message: 'the system bus closed the connection' });
    await vi.waitUntil(() => fake.calls.length === 2, PATIENTLY);
    await fake.stop();
    await refused;
    await expect(systemd.unit(UNIT)).rejects.toMatchObject({ code: 'SYSTEMD_UNAVAILABLE' });
    fake = await fakeSystemd();
  });

  it('says that systemd is not on a bus without it', async () => {
    await fake.stop();
    fake = await fakeSystemd();
    fake.refusals.set('Subscribe', ['org.freedesktop.DBus.Error.ServiceUnknown', 'the name has no owner']);
    await expect(connectSystemd()).rejects.toMatchObject({ code: 'SYSTEMD_UNAVAILABLE', hint: containing('manager = "none"') });
  });
});

describe('without a bus', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it.each([
    ['unix:path=/nonexistent/bus', 'the system bus cannot be reached'],
    ['nonsense:', 'the system bus cannot be reached'],
  ])('%s is SYSTEMD_UNAVAILABLE', async (address, message) => {
    vi.stubEnv('DBUS_SYSTEM_BUS_ADDRESS', address);
    await expect(connectSystemd()).rejects.toMatchObject({ code: 'SYSTEMD_UNAVAILABLE', message });
    await once(process, 'nothing', { signal: AbortSignal.timeout(50) }).catch(() => undefined);
  });
});
