import { describe, expect, it } from 'vitest';
import { beginRun } from '../../../lib/api/begin-run.ts';
import { deviceChanges } from '../../../lib/api/changes.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import { stepBegun, stepEnded } from '../../../lib/core/run/run-record.ts';
import type { CliDevice } from '../../helpers/cli-device.ts';
import type { UnitSight } from '../../../lib/core/run/unit-sight.ts';
import { NOW, cliDevice } from '../../helpers/cli-device.ts';
import { stepStart } from '../../helpers/run-start.ts';
import { containing } from '../../helpers/matchers.ts';
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
  deps.files.writeRunRecord(stepBegun(null, stepStart('fetch', { invocation: 'the-run', begun: { id: 'the-run', at: deps.now().toISOString() } })));
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
      device.deps.files.writeRunRecord(stepBegun(null, stepStart('fetch', { invocation: 'the-next' })));
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

  it('shows one that has begun and waits for the lock, and says of one that has not begun that it has not', async () => {
    const device = cliDevice();
    device.onStart = () => new Promise(() => undefined);
    await expect(begin(device, 50)).rejects.toMatchObject({
      code: 'SYSTEMD_UNAVAILABLE',
      message: "systemd queued 'pikit-update-apply.service' but did not start it within 0.05 s",
    });
    device.looks.set('pikit-update-apply.service', { active: true, invocation: 'apply-1', since: NOW.toISOString() });
    expect(await begin(device, 50)).toMatchObject({ id: 'apply-1', kind: 'update', state: 'running' });
  });

  it('tells of a run that was over before anybody saw it', async () => {
    const device = cliDevice({ alive: false });
    device.onStart = () => {
      recordFetch(device);
      const record = device.deps.files.readRunRecord();
      if (record === null) throw new Error('no record');
      const failed = { at: NOW, outcome: 'failed', code: 'OFFLINE', message: 'no network', hint: null, version: null } as const;
      device.deps.files.writeRunRecord(stepEnded(record, 'the-run', failed));
      return 'dependency';
    };
    expect(await begin(device)).toMatchObject({ id: 'the-run', state: 'ended', outcome: 'failed', code: 'OFFLINE', message: 'no network' });
  });

  it('says of one that could not write anything that it could not', async () => {
    const device = cliDevice({ alive: false });
    device.onStart = () => 'done';
    await expect(begin(device)).rejects.toMatchObject({ code: 'STEP_FAILED', message: containing('failed to write') });
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
      message: "failed to start 'pikit-update-apply.service': systemd refused StartUnit: no such unit",
    });
    device.onStart = () => Promise.reject(new UpdateError('PERMISSION', 'systemd refused StartUnit: access denied'));
    await expect(begin(device)).rejects.toMatchObject({ code: 'PERMISSION' });
  });
});
