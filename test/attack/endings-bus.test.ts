/**
 * Nothing that the system bus does ends a step without a word. What changes a device is started here in a folder, with the real
 * client of the bus. `pikit-update`, the API and `auto` talk to a bus only where '/' is the device, which a test must not touch:
 * what they do then is tested with the client alone (test/unit/io/unit-runner.test.ts, steady-units.test.ts) and in containers.
 */
import fs from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Device, Ended, Step } from '../helpers/device.ts';
import { run } from '../helpers/device.ts';
import { BUS_FAULTS, faultyBus } from '../helpers/faulty-bus.ts';
import { fakeSystemd, hasBus } from '../helpers/fake-systemd.ts';
import { matching } from '../helpers/matchers.ts';
import { onSite } from '../unit/steps/published.ts';

const FILES = ['/var/www', '/usr/local'];

/** The step, with systemd as the manager of services, on a bus at this address. */
async function onBus(on: Device, name: Step, address: string): Promise<Ended> {
  fs.writeFileSync(on.paths.config, fs.readFileSync(on.paths.config, 'utf8').replace('manager = "none"', 'manager = "systemd"'));
  return await run(name, on.root, { env: { DBUS_SYSTEM_BUS_ADDRESS: address } });
}

function expectFailed(on: Device, ended: Ended, name: Step, codes: RegExp): void {
  expect(ended).toMatchObject({ code: 1, err: matching(/^error: ./m) });
  expect(on.files.readState().last_result).toMatchObject({ step: name, outcome: matching(/^(failed|rolled-back)$/), code: matching(codes) });
}

describe.each(BUS_FAULTS)('a bus that %s', (fault) => {
  it('is told by apply, which changes nothing, and by rollback, which goes back all the same', async () => {
    const address = await faultyBus(fault);
    const devices = [await onSite(['1.0.0', '1.1.0']), await onSite(['1.0.0', '1.1.0', '1.2.0'])] as const;
    expect((await run('fetch', devices[0].on.root)).code).toBe(0);
    const before = devices[0].on.tree(FILES);
    // At once: a bus that never answers is waited for.
    const ended = await Promise.all([onBus(devices[0].on, 'apply', address), onBus(devices[1].on, 'rollback', address)]);
    expectFailed(devices[0].on, ended[0], 'apply', /^SYSTEMD_UNAVAILABLE$/);
    expectFailed(devices[1].on, ended[1], 'rollback', /^SYSTEMD_UNAVAILABLE$/);
    expect(devices[0].on.tree(FILES)).toEqual(before);
    expect(devices[1].on.files.readVersion()).toBe('1.0.0');
    expect(devices.map(({ on }) => fs.existsSync(on.paths.journal))).toEqual([false, false]);
  });
});

describe.skipIf(!hasBus)('a bus that ends while services restart (skipped where dbus-daemon is not installed)', () => {
  it('is told by apply, which goes back', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    expect((await run('fetch', on.root)).code).toBe(0);
    const before = on.tree(FILES);
    const systemd = await fakeSystemd();
    onTestFinished(systemd.stop);
    const active = { LoadState: ['s', 'loaded'], ActiveState: ['s', 'active'], SubState: ['s', 'running'] } as const;
    systemd.units.set('pikit-api.service', { unit: active, service: { NRestarts: ['u', 0] } });
    systemd.job = async () => {
      await systemd.killBus();
      return 'never';
    };
    const ended = await onBus(on, 'apply', process.env['DBUS_SYSTEM_BUS_ADDRESS'] ?? '');
    expectFailed(on, ended, 'apply', /^(SYSTEMD_UNAVAILABLE|SERVICE_FAILED)$/);
    expect(on.tree(FILES)).toEqual(before);
    expect(fs.existsSync(on.paths.journal)).toBe(false);
  });
});
