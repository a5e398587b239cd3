import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reconnectingUnits } from '../../../../lib/io/systemd/reconnecting-units.ts';
import type { UnitRunner } from '../../../../lib/io/systemd/unit-runner.ts';
import type { FakeSystemd } from '../../../helpers/fake-systemd.ts';
import { fakeSystemd, hasBus } from '../../../helpers/fake-systemd.ts';
import { matching } from '../../../helpers/matchers.ts';
import { PATIENTLY } from '../../../helpers/wait.ts';

const CHECK = 'pikit-update-check.service';
const APPLY = 'pikit-update-apply.service';
const GONE = { code: 'SYSTEMD_UNAVAILABLE', message: matching(/^the system bus/), hint: matching(/dbus\.service.*reconnects automatically/) };

describe.skipIf(!hasBus)('steadyUnits (skipped without dbus-daemon)', () => {
  let fake: FakeSystemd;
  let units: UnitRunner;
  beforeEach(async () => {
    fake = await fakeSystemd();
    units = reconnectingUnits({ firstRetryMs: 20 });
  });
  afterEach(async () => {
    units.close();
    await fake.stop();
  });
  const isActive = { unit: { ActiveState: ['s', 'active'] } } as const;
  const inactive = { unit: { ActiveState: ['s', 'inactive'] } } as const;

  it('connects once, at the first use, and does what the units of a short process do', async () => {
    expect(fake.calls).toEqual([]);
    expect(await units.start(CHECK)).toBe('done');
    expect(await units.stop(CHECK)).toBe('done');
    expect(fake.calls).toEqual(['Subscribe', `StartUnit ${CHECK} replace`, `StopUnit ${CHECK} replace`]);
    expect(await units.look(CHECK)).toMatchObject({ active: false });
    expect(await units.nextElapse('pikit-update.timer')).toBeNull();
  });

  it('refuses at once while the bus is dead, and works again when it is back, without a follower', async () => {
    await units.start(CHECK);
    await fake.killBus();
    const asked = performance.now();
    await expect(units.look(CHECK)).rejects.toMatchObject(GONE);
    await expect(units.start(CHECK)).rejects.toMatchObject(GONE);
    await expect(units.nextElapse(CHECK)).rejects.toMatchObject(GONE);
    expect(performance.now() - asked).toBeLessThan(400);
    await fake.reviveBus();
    await vi.waitUntil(() => units.start(CHECK).catch(() => null), { timeout: 5000 });
    expect(fake.calls.filter((call) => call === 'Subscribe')).toHaveLength(2);
  });

  it('can begin before there is a bus', async () => {
    await fake.killBus();
    const changed = vi.fn();
    await units.follow([CHECK], changed);
    await expect(units.look(CHECK)).rejects.toMatchObject(GONE);
    await fake.reviveBus();
    await vi.waitUntil(() => changed.mock.calls.length > 0, { timeout: 5000 });
    changed.mockClear();
    fake.change(CHECK, isActive);
    await vi.waitUntil(() => changed.mock.calls.length > 0, PATIENTLY);
    expect(await units.look(CHECK)).toMatchObject({ active: true });
  });

  it('tells every follower that the bus is gone, and that it is back by itself, and then of changes as before', async () => {
    const [first, second] = [vi.fn(), vi.fn()];
    await units.follow([CHECK], first);
    await units.follow([CHECK, APPLY], second);
    await fake.killBus();
    await vi.waitUntil(() => first.mock.calls.length === 1 && second.mock.calls.length === 1, PATIENTLY);
    await fake.reviveBus();
    await vi.waitUntil(() => first.mock.calls.length === 2 && second.mock.calls.length === 2, { timeout: 5000 });
    fake.change(APPLY, isActive);
    await units.look(APPLY);
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([2, 3]);
  });

  it('outlives a bus that dies again and again', async () => {
    const changed = vi.fn();
    await units.follow([CHECK], changed);
    for (const state of [isActive, inactive, isActive]) {
      await fake.killBus();
      await vi.waitUntil(() => changed.mock.calls.length === 1, PATIENTLY);
      await fake.reviveBus();
      await vi.waitUntil(() => changed.mock.calls.length === 2, { timeout: 5000 });
      fake.change(CHECK, state);
      await vi.waitUntil(() => changed.mock.calls.length === 3, PATIENTLY);
      changed.mockClear();
    }
  });

  it('tells no follower that has left, neither before the bus was gone nor after it is back', async () => {
    const [left, stays] = [vi.fn(), vi.fn()];
    const unfollow = await units.follow([CHECK], left);
    // The same function twice is two who follow, and one of them stays.
    const unfollowOne = await units.follow([CHECK], stays);
    await units.follow([CHECK], stays);
    unfollow();
    unfollowOne();
    fake.change(CHECK, isActive);
    await units.look(CHECK);
    expect([left.mock.calls.length, stays.mock.calls.length]).toEqual([0, 1]);
    await fake.killBus();
    await fake.reviveBus();
    await vi.waitUntil(() => stays.mock.calls.length === 3, { timeout: 5000 });
    fake.change(CHECK, inactive);
    await units.look(CHECK);
    expect([left.mock.calls.length, stays.mock.calls.length]).toEqual([0, 4]);
  });

  it('ends the wait for a job with the bus, because its end will not be told', async () => {
    fake.job = () => 'never';
    const refused = expect(units.start(APPLY)).rejects.toMatchObject(GONE);
    await vi.waitUntil(() => fake.calls.includes(`StartUnit ${APPLY} replace`), PATIENTLY);
    await fake.killBus();
    await refused;
    await fake.reviveBus();
  });

  it('is told when systemd has executed itself anew, and listens to the new one', async () => {
    const changed = vi.fn();
    await units.follow([CHECK], changed);
    await fake.reexec();
    await vi.waitUntil(() => changed.mock.calls.length === 1, PATIENTLY);
    fake.change(CHECK, isActive);
    await vi.waitUntil(() => changed.mock.calls.length === 2, PATIENTLY);
    expect(fake.calls.filter((call) => call === 'Subscribe')).toHaveLength(2);
  });

  it('is told when systemd has read its units anew', async () => {
    const changed = vi.fn();
    await units.follow([CHECK], changed);
    fake.reloading(true);
    await units.look(CHECK);
    expect(changed).not.toHaveBeenCalled();
    fake.reloading(false);
    await units.look(CHECK);
    expect(changed).toHaveBeenCalledTimes(1);
  });

  it('says that systemd is reading its units when it does not answer meanwhile', async () => {
    units.close();
    units = reconnectingUnits({ callTimeoutMs: 100 });
    await units.look(CHECK);
    fake.reloading(true);
    fake.silent.add('StartUnit');
    await expect(units.start(CHECK)).rejects.toMatchObject({
      code: 'SYSTEMD_UNAVAILABLE',
      message: 'systemd did not answer StartUnit within 0.1 s: it is reloading its units',
      hint: 'try again in a moment',
    });
  });

  it.each([
    ['missing', 'org.freedesktop.systemd1.NoSuchUnit', `Unit ${CHECK} not found.`, 'SYSTEMD_UNAVAILABLE', /pikit-update installed/],
    ['masked', 'org.freedesktop.systemd1.UnitMasked', `Unit ${CHECK} is masked.`, 'SYSTEMD_UNAVAILABLE', /unmask/],
    ['not-allowed', 'org.freedesktop.DBus.Error.InteractiveAuthorizationRequired', 'Interactive authentication required.', 'PERMISSION', /sudo/],
    ['polkit-missing', 'org.freedesktop.DBus.Error.AccessDenied', 'Access denied', 'PERMISSION', /sudo/],
    ['polkit-masked', 'org.freedesktop.systemd1.UnitMasked', 'Unit polkit.service is masked.', 'PERMISSION', /sudo/],
    ['shutting-down', 'org.freedesktop.systemd1.TransactionIsDestructive', 'Transaction is destructive.', 'SYSTEMD_UNAVAILABLE', /shut down/],
  ])('says what is wrong and what to do: %s', async (_name, type, text, code, hint) => {
    fake.refusals.set('StartUnit', [type, text]);
    await expect(units.start(CHECK)).rejects.toMatchObject({
      code,
      message: `systemd refused StartUnit: ${text.replace(/\.$/, '')}`,
      hint: matching(hint),
    });
  });

  it('tries no more once it is closed', async () => {
    const changed = vi.fn();
    await units.follow([CHECK], changed);
    await fake.killBus();
    await vi.waitUntil(() => changed.mock.calls.length === 1, PATIENTLY);
    units.close();
    await fake.reviveBus();
    fake.calls.length = 0;
    const other = reconnectingUnits();
    await other.look(CHECK);
    other.close();
    expect(fake.calls.filter((call) => call === 'Subscribe')).toHaveLength(1);
    expect(changed).toHaveBeenCalledTimes(1);
  });
});
