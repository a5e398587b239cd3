import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import { AUTO_CHOICES } from '../../../lib/core/device/state.ts';
import { describeAuto, readAuto, setAuto } from '../../../lib/device/auto.ts';
import { NOW, cliDevice } from '../../helpers/cli-device.ts';

const noBus = () => Promise.reject(new UpdateError('SYSTEMD_UNAVAILABLE', 'no bus'));

describe('readAuto', () => {
  it('is the choice, and when the timer elapses next', async () => {
    const { deps } = cliDevice();
    expect(await readAuto(deps)).toEqual({ auto: 'check', time: '04:20', next: null });
    const units = { ...(await deps.units()), nextElapse: () => Promise.resolve(NOW) };
    expect(await readAuto({ ...deps, units: () => Promise.resolve(units) })).toEqual({ auto: 'check', time: '04:20', next: NOW });
  });

  it('does without systemd', async () => {
    expect(await readAuto({ ...cliDevice().deps, units: noBus })).toMatchObject({ auto: 'check', next: null });
  });

  it('asks systemd nothing about a timer that is off', async () => {
    const { deps } = cliDevice();
    deps.files.writeSettings({ ...deps.files.readSettings(), auto: 'off' });
    const units = () => Promise.reject(new Error('asked'));
    expect(await readAuto({ ...deps, units })).toMatchObject({ auto: 'off', next: null });
  });
});

describe('setAuto', () => {
  it('sets one thing and keeps the others', async () => {
    const { deps, asked } = cliDevice();
    deps.files.writeSettings({ branch: 'beta', auto: 'check', time: '04:20', skipped_version: '1.3.9' });
    await setAuto(deps, { auto: 'install', time: '05:10' });
    expect(deps.files.readSettings()).toEqual({ branch: 'beta', auto: 'install', time: '05:10', skipped_version: '1.3.9' });
    await setAuto(deps, { auto: null, time: '06:00' });
    expect(deps.files.readSettings()).toMatchObject({ auto: 'install', time: '06:00' });
    expect(asked).toEqual(['start pikit-update-auto@install.service', 'start pikit-update-auto@install.service']);
  });

  it('has set it before the unit starts, and puts it back when that fails', async () => {
    const device = cliDevice();
    const seen: string[] = [];
    device.onStart = () => {
      seen.push(device.deps.files.readSettings().auto);
      return 'failed';
    };
    await expect(setAuto(device.deps, { auto: 'off', time: null })).rejects.toMatchObject({ code: 'STEP_FAILED' });
    expect([seen, device.deps.files.readSettings().auto]).toEqual([['off'], 'check']);
  });

  it('puts back nothing but what it had set', async () => {
    const device = cliDevice();
    const { files } = device.deps;
    device.onStart = () => {
      files.writeSettings({ ...files.readSettings(), branch: 'beta', skipped_version: '1.5.0' });
      return 'failed';
    };
    await expect(setAuto(device.deps, { auto: 'off', time: '01:00' })).rejects.toMatchObject({ code: 'STEP_FAILED' });
    expect(files.readSettings()).toMatchObject({ auto: 'check', time: '04:20', branch: 'beta', skipped_version: '1.5.0' });
  });

  it.each([{ auto: 'install' }, { time: '02:00' }] as const)('leaves what was chosen meanwhile: %j', async (theirs) => {
    const device = cliDevice();
    const { files } = device.deps;
    device.onStart = () => {
      files.writeSettings({ ...files.readSettings(), ...theirs });
      return 'failed';
    };
    await expect(setAuto(device.deps, { auto: 'off', time: '01:00' })).rejects.toMatchObject({ code: 'STEP_FAILED' });
    expect(files.readSettings()).toMatchObject({ auto: 'off', time: '01:00', ...theirs });
  });

  it('puts it back when the unit cannot be started', async () => {
    const { deps } = cliDevice();
    await expect(setAuto({ ...deps, units: noBus }, { auto: 'off', time: null })).rejects.toMatchObject({ code: 'SYSTEMD_UNAVAILABLE' });
    expect(deps.files.readSettings().auto).toBe('check');
  });
});

it.each(AUTO_CHOICES)('describes %s', (auto) => {
  expect(describeAuto({ auto, time: '04:20' })).toMatch(auto === 'off' ? /^off/ : /about 04:20/);
});
