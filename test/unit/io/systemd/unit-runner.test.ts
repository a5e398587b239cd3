import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { UnitRunner } from '../../../../lib/io/systemd/unit-runner.ts';
import { systemdUnits } from '../../../../lib/io/systemd/unit-runner.ts';
import type { FakeSystemd } from '../../../helpers/fake-systemd.ts';
import { fakeSystemd, hasBus } from '../../../helpers/fake-systemd.ts';

const CHECK = 'pikit-update-check.service';

describe.skipIf(!hasBus)('systemdUnits (skipped without dbus-daemon)', () => {
  let fake: FakeSystemd;
  let units: UnitRunner;
  beforeEach(async () => {
    fake = await fakeSystemd();
    units = systemdUnits();
  });
  afterEach(async () => {
    units.close();
    await fake.stop();
  });

  it.each([
    ['done', 'done'],
    ['failed', 'failed'],
    ['dependency', 'dependency'],
    ['timeout', 'timeout'],
    ['canceled', 'canceled'],
    ['skipped', 'skipped'],
    ['assert', 'failed'],
    ['a result of next year', 'failed'],
  ])('a start that systemd calls %s is %s', async (given, result) => {
    fake.job = () => given;
    expect(await units.start(CHECK)).toBe(result);
  });

  it('connects once, at the first use', async () => {
    expect(fake.calls).toEqual([]);
    await units.start(CHECK);
    expect(await units.stop(CHECK)).toBe('done');
    expect(fake.calls).toEqual(['Subscribe', `StartUnit ${CHECK} replace`, `StopUnit ${CHECK} replace`]);
  });

  it.each([
    ['active', true],
    ['activating', true],
    ['deactivating', true],
    ['inactive', false],
    ['failed', false],
  ])('a unit that is %s is running: %s', async (state, active) => {
    const service = { Result: ['s', 'exit-code'], ExecMainStatus: ['i', 75], ExecMainExitTimestamp: ['t', 9n] } as const;
    fake.units.set(CHECK, { unit: { ActiveState: ['s', state] }, service });
    expect(await units.look(CHECK)).toEqual({ active, waiting: false, result: 'exit-code', exitStatus: 75, invocation: null, since: null });
  });

  it('sees what systemd says of a queued start, as it comes over the bus', async () => {
    const unit = { ActiveState: ['s', 'inactive'], Job: ['(uo)', [7, '/job/7']], InvocationID: ['ay', Buffer.alloc(16, 0xab)] } as const;
    fake.units.set(CHECK, { unit });
    expect(await units.look(CHECK)).toMatchObject({ active: false, waiting: true, invocation: 'ab'.repeat(16) });
  });

  it('tells of changes of every unit that is followed', async () => {
    const changed = vi.fn();
    await units.follow([CHECK, 'pikit-update-fetch.service'], changed);
    fake.change(CHECK, { service: { StatusText: ['s', 'downloading 10%'] } });
    fake.change('pikit-update-fetch.service', { unit: { ActiveState: ['s', 'activating'] } });
    fake.change('pikit-update-apply.service', { unit: { ActiveState: ['s', 'activating'] } });
    await units.look(CHECK);
    expect(changed).toHaveBeenCalledTimes(2);
  });

  it('knows when the timer elapses', async () => {
    expect(await units.nextElapse('pikit-update.timer')).toBeNull();
    fake.units.set('pikit-update.timer', { unit: {}, timer: { NextElapseUSecRealtime: ['t', 1_000_000n] } });
    expect(await units.nextElapse('pikit-update.timer')).toEqual(new Date(1000));
  });

  it('can be closed before it was ever used', () => {
    expect(() => {
      systemdUnits().close();
    }).not.toThrow();
  });
});
