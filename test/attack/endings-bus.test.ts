/**
 * Nothing that the system bus does ends a program without a word: each one that talks to it is started here, as built. Steps run in a
 * folder; `pikit-update`, the API and `auto` talk to a bus only where '/' is the device, and see the folder over the machine's '/'.
 */
import fs from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { devicePaths } from '../../lib/core/device/paths.ts';
import { stateFiles } from '../../lib/io/state/state-files.ts';
import { clientOf } from '../helpers/api-server.ts';
import type { Device, Ended, Running, Step } from '../helpers/device.ts';
import { run, start, temporary } from '../helpers/device.ts';
import { BUS_FAULTS, faultyBus } from '../helpers/faulty-bus.ts';
import { fakeSystemd, hasBus } from '../helpers/fake-systemd.ts';
import { matching } from '../helpers/matchers.ts';
import { canHaveOwnRoot, withinRoot } from '../helpers/own-root.ts';
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

/** Starts a program to which this folder is '/', and that bus the one of its system. */
type Begin = (program: string, args: readonly string[], address: string) => Running;

/** Folders of a device with 1.0.0 on it: one for each program, or one would change what another sees. */
async function folders(): Promise<() => { root: string; begin: Begin }> {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  fs.writeFileSync(on.paths.config, fs.readFileSync(on.paths.config, 'utf8').replace('manager = "none"', 'manager = "systemd"'));
  return () => {
    const root = temporary();
    fs.cpSync(on.root, root, { recursive: true });
    const through = withinRoot(root);
    const begin: Begin = (program, args, address) =>
      start(program, null, { args, through, env: { DBUS_SYSTEM_BUS_ADDRESS: address, PIKIT_API_LISTEN: `unix:${root}/api.sock` } });
    return { root, begin };
  };
}

/** To start them means to ask systemd. */
const ASKING = [
  ['pikit-update', 'check', '--json'],
  ['pikit-update', 'apply', '--json'],
  ['pikit-update', 'rollback', '--json'],
  ['pikit-update', 'auto', 'install', '--json'],
  ['pikit-update', 'cancel', '--json'],
  ['auto', 'check'],
] as const;
/** A time that no one would wait: what is waited for the longest is an answer, for 25 s. */
const PATIENCE_MS = 90_000;

describe.skipIf(!canHaveOwnRoot())("a bus of a device that is '/' (skipped without root, or overlay filesystems)", () => {
  it.each(BUS_FAULTS)(
    'that %s is told by all who ask it, waited for without end by none, and no reason for status to fail',
    async (fault) => {
      const address = await faultyBus(fault);
      const folder = await folders();
      const ask = async ([program, ...args]: (typeof ASKING)[number]): Promise<void> => {
        const { root, begin } = folder();
        const ended = await begin(program, args, address).ended;
        expect(ended).toMatchObject({ code: 1 });
        expect(ended.out + ended.err).toMatch(program === 'auto' ? /^error: the system bus / : /"code": "SYSTEMD_UNAVAILABLE"/);
        expect(fs.readFileSync(`${root}/etc/pikit/version`, 'utf8')).toBe('1.0.0\n');
        expect(stateFiles(devicePaths(root), () => undefined).readSettings().auto).toBe('check');
      };
      const status = async (): Promise<void> => {
        const ended = await folder().begin('pikit-update', ['status', '--json'], address).ended;
        expect(ended).toMatchObject({ code: 0 });
        expect(JSON.parse(ended.out)).toMatchObject({ current: '1.0.0' });
      };
      const api = async (): Promise<void> => {
        const { root, begin } = folder();
        const { child, ended } = begin('api', [], address);
        onTestFinished(() => void child.kill('SIGKILL'));
        await expect.poll(() => fs.existsSync(`${root}/api.sock`), { timeout: PATIENCE_MS }).toBe(true);
        const client = clientOf({ socketPath: `${root}/api.sock` });
        // The name is there a moment before the program listens.
        const answers = async (): Promise<boolean> =>
          await client.ask('/api/update/openapi.json').then(
            () => true,
            () => false,
          );
        await expect.poll(answers, { timeout: PATIENCE_MS }).toBe(true);
        expect(await client.ask('/api/update/status')).toMatchObject({ status: 200, json: { current: '1.0.0' } });
        for (const verb of ['check', 'apply', 'rollback', 'cancel'])
          expect(await client.post(`/api/update/${verb}`, {})).toMatchObject({ status: 503, json: { error: { code: 'SYSTEMD_UNAVAILABLE' } } });
        child.kill('SIGTERM');
        expect(await ended).toMatchObject({ code: 0 });
      };
      await Promise.all([...ASKING.map(ask), status(), api()]);
    },
    PATIENCE_MS,
  );
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
