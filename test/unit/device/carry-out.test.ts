import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import type { Order } from '../../../lib/core/device/orders.ts';
import { carryOut } from '../../../lib/device/carry-out.ts';
import { available, cliDevice } from '../../helpers/cli-device.ts';

const JOB = '/org/freedesktop/systemd1/job/7';
const APPLY: Order = { order: 'apply', version: '1.4.0', manifest_sha256: null, replace: [] };

function gateway() {
  const device = cliDevice();
  const queued: string[] = [];
  let refuses: UpdateError | null = null;
  const deps = {
    ...device.deps,
    queue: (verb: string, unit: string) => {
      queued.push(`${verb} ${unit}`);
      return refuses === null ? Promise.resolve(JOB) : Promise.reject(refuses);
    },
  };
  return {
    device,
    queued,
    files: device.deps.files,
    refuse: (error: UpdateError) => (refuses = error),
    obey: async (order: Order) => await carryOut(order, deps),
  };
}

describe('carryOut', () => {
  it.each([
    [{ order: 'check' }, 'StartUnit pikit-update-check.service'],
    [{ order: 'rollback' }, 'StartUnit pikit-update-rollback.service'],
    [{ ...APPLY, version: null }, 'StartUnit pikit-update-apply.service'],
    [{ order: 'stop', step: 'check' }, 'StopUnit pikit-update-check.service'],
    [{ order: 'stop', step: 'fetch' }, 'StopUnit pikit-update-fetch.service'],
    [{ order: 'stop', step: 'apply' }, 'StopUnit pikit-update-apply.service'],
  ] satisfies [Order, string][])('queues the one job of %j', async (order: Order, job) => {
    const { obey, queued, device } = gateway();
    expect(await obey(order)).toEqual({ job: JOB, dismissed: [] });
    expect(queued).toEqual([job]);
    expect(device.asked).toEqual([]);
  });

  it('queues nothing for a version that is not on offer, or whose manifest is another', async () => {
    const { obey, queued, device, files } = gateway();
    await expect(obey(APPLY)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    device.setState({ available: available() });
    await expect(obey({ ...APPLY, manifest_sha256: '0'.repeat(64) })).rejects.toMatchObject({ code: 'RELEASE_CHANGED' });
    expect(queued).toEqual([]);
    expect(files.readWanted()).toBeNull();
  });

  it('writes down what was agreed to before the start, and takes it back when that is refused, or stopped', async () => {
    const { obey, device, files, refuse } = gateway();
    device.setState({ available: available({ outcome: 'held', reason: 'it fell' }) });
    await obey(APPLY);
    expect(files.readWanted()).toMatchObject({ version: '1.4.0', retry: true });
    await obey({ order: 'stop', step: 'fetch' });
    expect(files.readWanted()).toMatchObject({ retry: true });
    await obey({ order: 'stop', step: 'apply' });
    expect(files.readWanted()).toBeNull();
    refuse(new UpdateError('NOT_FOUND', 'systemd refused StartUnit: no such unit'));
    // Of the unit, not of the version.
    await expect(obey(APPLY)).rejects.toMatchObject({ code: 'SYSTEMD_UNAVAILABLE' });
    expect(files.readWanted()).toBeNull();
  });

  it('sets the timer through its unit, to its end', async () => {
    const { obey, device, files, queued } = gateway();
    expect(await obey({ order: 'auto', auto: 'install', time: null })).toEqual({ job: null, dismissed: [] });
    expect(device.asked).toEqual(['start pikit-update-auto@install.service']);
    device.onStart = () => 'failed';
    await expect(obey({ order: 'auto', auto: 'off', time: '03:00' })).rejects.toMatchObject({ code: 'STEP_FAILED' });
    expect(files.readSettings()).toMatchObject({ auto: 'install', time: '04:20' });
    expect(queued).toEqual([]);
  });

  it('writes the other choices, and starts nothing', async () => {
    const { obey, device, files, queued } = gateway();
    await obey({ order: 'skip', version: '1.5.0' });
    await obey({ order: 'branch', name: 'stable' });
    await expect(obey({ order: 'branch', name: 'nowhere' })).rejects.toMatchObject({ code: 'BRANCH_UNKNOWN' });
    expect(files.readSettings()).toMatchObject({ branch: 'stable', skipped_version: '1.5.0' });
    const notice = { id: 'n1', message: 'm', at: '2026-11-20T10:00:00.000Z' };
    device.setState({ notices: [notice] });
    expect(await obey({ order: 'dismiss', id: 'n1' })).toEqual({ job: null, dismissed: [notice] });
    expect([...queued, ...device.asked]).toEqual([]);
  });
});
