import { describe, expect, it } from 'vitest';
import { deviceBackend } from '../../../lib/api/device-backend.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import { AutoAnswer, BranchesAnswer, HistoryAnswer, PlanAnswer, StatusAnswer } from '../../../lib/core/http-api/api-answers.ts';
import type { JobResult } from '../../../lib/io/systemd/unit-runner.ts';
import { available, cliDevice, receipt } from '../../helpers/cli-device.ts';
import { matching } from '../../helpers/matchers.ts';
import { plannedDevice } from '../../helpers/planned-device.ts';
import { gate } from '../../helpers/release-server.ts';
import { leaveRun } from '../../helpers/run-start.ts';
import { writeTree } from '../../helpers/site-builder.ts';
import { tryAgain } from '../../helpers/wish.ts';

describe('deviceBackend', () => {
  it('answers by its schemas on a device that knows nothing, and on one that knows something', async () => {
    const device = cliDevice({ alive: false });
    const backend = deviceBackend(device.deps, () => undefined);
    for (let round = 0; round < 2; round += 1) {
      expect(StatusAnswer.parse(await backend.status())).toMatchObject({ branch: 'stable', rollback: { is: 'none' } });
      expect(BranchesAnswer.parse(await backend.branches())).toMatchObject({ used: 'stable' });
      expect(AutoAnswer.parse(await backend.auto())).toEqual({ auto: 'check', time: '04:20', next_check: null });
      HistoryAnswer.parse(await backend.history(5));
      if (round === 0) PlanAnswer.parse(await backend.plan());
      device.setState({ available: available(), last_result: receipt({}), latest: '1.4.0' });
    }
  });

  it('starts the unit of what is asked, and none for a version that is not on offer', async () => {
    const device = cliDevice({ alive: false });
    const backend = deviceBackend(device.deps, () => undefined);
    await backend.check();
    await backend.rollback();
    await backend.apply(null);
    expect(device.asked).toEqual(['start pikit-update-check.service', 'start pikit-update-rollback.service', 'start pikit-update-apply.service']);
    await expect(backend.apply('9.9.9')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(device.asked).toHaveLength(3);
  });

  it('confirms the files that the owner has seen, or that are there now', async () => {
    const device = cliDevice({ alive: false });
    const { apply } = deviceBackend(device.deps, () => undefined);
    writeTree(device.deps.paths.root, { '/usr/local/bin/tool': 'mine' });
    const seen = { path: '/usr/local/bin/other', sha256: 'a'.repeat(64) };
    await apply(null, { replace: ['/usr/local/bin/tool', seen] });
    expect(device.deps.files.readWanted()?.replace).toEqual([{ path: '/usr/local/bin/tool', sha256: matching(/^[0-9a-f]{64}$/) }, seen]);
    await expect(apply(null, { replace: ['/usr/local/bin/none'] })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('leaves alone what others have agreed to when its own start was not asked for', async () => {
    const device = cliDevice({ alive: false });
    const { files } = device.deps;
    const theirs = tryAgain(device.deps.now(), '1.4.0');
    files.writeWanted(theirs);
    const readRunRecord = (): never => {
      throw new UpdateError('IO_ERROR', 'the disk cannot be read');
    };
    const backend = deviceBackend({ ...device.deps, files: { ...files, readRunRecord } }, () => undefined);
    await expect(backend.apply(null)).rejects.toMatchObject({ code: 'IO_ERROR' });
    expect([files.readWanted(), device.asked]).toEqual([theirs, []]);
  });

  it('takes back that a held version may be tried again when its start fails, unless that is still to come', async () => {
    const device = cliDevice({ alive: false });
    const backend = deviceBackend(device.deps, () => undefined);
    device.setState({ available: available({ outcome: 'held', reason: 'it fell' }) });
    device.onStart = () => Promise.reject(new UpdateError('PERMISSION', 'no'));
    await expect(backend.apply('1.4.0')).rejects.toMatchObject({ code: 'PERMISSION' });
    expect(device.deps.files.readWanted()).toBeNull();
    device.onStart = (unit) => {
      device.looks.set('pikit-update-apply.service', { waiting: true });
      leaveRun(device.deps.files, unit);
      return 'done';
    };
    await backend.apply('1.4.0');
    expect(device.deps.files.readWanted()).toMatchObject({ version: '1.4.0', retry: true });
  });

  it('sets what happens by itself through its unit, passes a version over, and tells its watchers', async () => {
    const device = cliDevice({ alive: false });
    const backend = deviceBackend(device.deps, () => undefined);
    let told = 0;
    const end = await backend.watch(() => {
      told += 1;
    });
    expect(await backend.setAuto({ auto: 'install', time: '05:00' })).toMatchObject({ auto: 'install', time: '05:00' });
    expect(device.asked).toEqual(['start pikit-update-auto@install.service']);
    expect(await backend.skip('1.5.0')).toEqual({ skipped_version: '1.5.0' });
    expect((await backend.status()).settings).toMatchObject({ auto: 'install', skipped_version: '1.5.0' });
    expect(told).toBeGreaterThanOrEqual(2);
    expect(await backend.setAuto({ auto: null, time: null })).toMatchObject({ auto: 'install' });
    expect(device.asked).toHaveLength(1);
    end();
  });

  it('tells the time of the timer when that is set, also to one who has seen the settings change before', async () => {
    const device = cliDevice({ alive: false });
    const runner = await device.deps.units();
    const [started, done] = [gate(), gate()];
    let next = new Date('2026-11-21T04:20:00.000Z');
    device.onStart = async (): Promise<JobResult> => {
      started.open();
      await done.opened;
      next = new Date('2026-11-21T05:00:00.000Z');
      return 'done';
    };
    const units = { ...runner, nextElapse: () => Promise.resolve(next) };
    const backend = deviceBackend({ ...device.deps, units: () => Promise.resolve(units) }, () => undefined);
    const set = backend.setAuto({ auto: 'install', time: '05:00' });
    await started.opened;
    const asked = backend.auto();
    const early = await Promise.race([asked, new Promise((resolve) => setImmediate(resolve))]);
    done.open();
    expect(early).toBeUndefined();
    expect(await asked).toEqual({ auto: 'install', time: '05:00', next_check: '2026-11-21T05:00:00.000Z' });
    expect(await set).toEqual(await asked);
  });

  it('reads the device once for all who ask for the plan at once', async () => {
    const { device } = plannedDevice();
    let read = 0;
    const loadConfig = () => {
      read += 1;
      return device.deps.loadConfig();
    };
    const backend = deviceBackend({ ...device.deps, loadConfig }, () => undefined);
    await backend.plan();
    const once = read;
    const plans = await Promise.all(Array.from({ length: 10 }, () => backend.plan()));
    expect(plans.map(({ plan }) => plan?.version)).toEqual(Array.from({ length: 10 }, () => '1.4.0'));
    expect(read - once).toBeLessThanOrEqual(2 * once);
  });

  it('cancels nothing when nothing runs, and dismisses what was read', async () => {
    const device = cliDevice({ alive: false });
    const backend = deviceBackend(device.deps, () => undefined);
    expect(await backend.cancel()).toEqual({ cancelled: [], result: null });
    const notice = { id: 'n1', message: 'read me', at: '2026-11-20T09:00:00.000Z' };
    device.setState({ notices: [notice] });
    await expect(backend.dismiss('other')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('follows another branch, and says so', async () => {
    const device = cliDevice({ alive: false });
    const backend = deviceBackend(device.deps, () => undefined);
    expect(await backend.branch('stable')).toMatchObject({ following: { selected: 'stable' }, run: null });
    await expect(backend.branch('nowhere')).rejects.toMatchObject({ code: 'BRANCH_UNKNOWN' });
  });
});
