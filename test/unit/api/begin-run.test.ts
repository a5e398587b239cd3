import { describe, expect, it } from 'vitest';
import { beginRun } from '../../../lib/api/begin-run.ts';
import { deviceChanges } from '../../../lib/api/changes.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import { stepBegun, stepEnded } from '../../../lib/core/run-record.ts';
import type { CliDevice } from '../../helpers/cli-device.ts';
import type { UnitSight } from '../../../lib/core/run-view.ts';
import { NOW, cliDevice, receipt } from '../../helpers/cli-device.ts';
import { gate } from '../../helpers/release-server.ts';

const begin = async (device: CliDevice, deadlineMs?: number) =>
  await beginRun(
    device.deps,
    deviceChanges(device.deps, () => undefined),
    ['fetch', 'apply'],
    deadlineMs === undefined ? {} : { deadlineMs },
  );

/** What fetch writes when it begins. */
function recordFetch({ deps }: CliDevice): void {
  const begun = { step: 'fetch', invocation: 'the-run', pid: process.pid, at: deps.now(), byTimer: false, token: null } as const;
  deps.files.writeRunRecord(stepBegun(null, begun));
}

describe('beginRun', () => {
  it('has the run as soon as its first step reports, and does not wait for its end', async () => {
    const device = cliDevice();
    device.onStart = () => {
      recordFetch(device);
      device.looks.set('pikit-update-fetch.service', { active: true, invocation: 'the-run' });
      device.looks.set('pikit-update-apply.service', { waiting: true });
      return new Promise(() => undefined);
    };
    expect(await begin(device)).toMatchObject({ id: 'the-run', kind: 'update', state: 'running' });
    expect(device.asked).toEqual(['start pikit-update-apply.service']);
  });

  it('starts nothing before a unit is gone that has said how it ended: it would take the start for its own', async () => {
    const device = cliDevice();
    recordFetch(device);
    const record = device.deps.files.readRunRecord();
    if (record === null) throw new Error('no record');
    const failed = { at: NOW, outcome: 'failed', code: 'NOT_FOUND', message: 'so', hint: null, version: null } as const;
    device.deps.files.writeRunRecord(stepEnded(record, 'the-run', failed));
    const runner = await device.deps.units();
    const lookedAt = gate();
    let [looks, isGone] = [0, false];
    const look = (unit: string): Promise<UnitSight> => {
      if (unit === 'pikit-update-fetch.service') looks += 1;
      if (looks === 2) lookedAt.open();
      return runner.look(unit);
    };
    device.deps.units = () => Promise.resolve({ ...runner, look });
    device.looks.set('pikit-update-fetch.service', { active: true, invocation: 'the-run' });
    device.onStart = () => {
      expect(isGone).toBe(true);
      device.looks.set('pikit-update-fetch.service', { active: true, invocation: 'the-next' });
      return new Promise(() => undefined);
    };
    const next = begin(device);
    await lookedAt.opened;
    isGone = true;
    device.looks.set('pikit-update-fetch.service', { invocation: 'the-run', result: 'exit-code' });
    device.change();
    expect(await next).toMatchObject({ id: 'the-next', state: 'running' });
  });

  it('shows one that waits behind something else as queued, and says of one that nobody has queued that it has not begun', async () => {
    const device = cliDevice();
    device.onStart = () => new Promise(() => undefined);
    await expect(begin(device, 50)).rejects.toMatchObject({
      code: 'SYSTEMD_UNAVAILABLE',
      message: "systemd has queued 'pikit-update-apply.service' and has not begun it within 0.05 s",
    });
    device.looks.set('pikit-update-apply.service', { waiting: true });
    expect(await begin(device, 50)).toMatchObject({ id: 'queued', kind: 'update', state: 'running' });
  });

  it('tells of a run that was over before anybody saw it', async () => {
    const device = cliDevice({ alive: false });
    device.onStart = () => {
      device.setState({ last_result: receipt({ outcome: 'failed', code: 'OFFLINE', message: 'no network', step: 'fetch' }) });
      return 'dependency';
    };
    expect(await begin(device)).toMatchObject({ state: 'ended', outcome: 'failed', code: 'OFFLINE', message: 'no network' });
  });

  it('tells of one that a condition kept from running', async () => {
    expect(await begin(cliDevice({ alive: false }))).toMatchObject({ state: 'ended', outcome: 'nothing' });
  });

  it('throws what the unit came to when that left no word', async () => {
    const device = cliDevice({ alive: false });
    device.onStart = () => 'failed';
    device.looks.set('pikit-update-apply.service', { result: 'start-limit-hit' });
    await expect(begin(device)).rejects.toMatchObject({ code: 'STEP_FAILED', hint: 'it was started too often: wait a minute, then try again' });
  });

  it('says of a unit that is missing that the device cannot do this now, and passes on what systemd does not allow', async () => {
    const device = cliDevice();
    device.onStart = () => Promise.reject(new UpdateError('NOT_FOUND', 'systemd refused StartUnit: no such unit'));
    await expect(begin(device)).rejects.toMatchObject({
      code: 'SYSTEMD_UNAVAILABLE',
      message: "'pikit-update-apply.service' could not be started: systemd refused StartUnit: no such unit",
    });
    device.onStart = () => Promise.reject(new UpdateError('PERMISSION', 'systemd refused StartUnit: access denied'));
    await expect(begin(device)).rejects.toMatchObject({ code: 'PERMISSION' });
  });
});
