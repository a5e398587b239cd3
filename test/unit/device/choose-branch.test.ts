import { describe, expect, it } from 'vitest';
import type { BranchChangeResult } from '../../../lib/device/choose-branch.ts';
import { chooseBranchNow } from '../../../lib/device/choose-branch.ts';
import type { JobResult } from '../../../lib/io/systemd/unit-runner.ts';
import type { CliDevice } from '../../helpers/cli-device.ts';
import { cliDevice, receipt } from '../../helpers/cli-device.ts';
import { cacheDocument } from '../../helpers/source-cache.ts';

const LIST = [{ name: 'beta' }, { name: 'nightly', enabled: false }, { name: 'test_1234', visible: false }];
const CHECK = 'start pikit-update-check.service';

/** A device that has seen the list, on stable. */
function chooser(list: object[] | null = LIST): CliDevice {
  const device = cliDevice();
  if (list !== null) cacheDocument(device.deps, 'branches.json', list);
  return device;
}

const chosen = (device: CliDevice): string => device.deps.files.readSettings().branch;

async function choose(device: CliDevice, name: string): Promise<{ is: BranchChangeResult; told: string[] }> {
  const told: string[] = [];
  return { is: await chooseBranchNow(device.deps, name, (text) => told.push(text)), told };
}

describe('a choice', () => {
  it.each([
    ['beta', 'this device now follows beta'],
    ['test_1234', 'this device now follows test_1234'],
    ['nightly', 'this device now follows nightly (disabled, using stable)'],
  ])('of a branch that is in the list is written down: %s', async (name, line) => {
    const device = chooser();
    expect(await choose(device, name)).toEqual({ is: 'chosen', told: [line] });
    expect([chosen(device), device.asked]).toEqual([name, []]);
  });

  it('keeps the other settings', async () => {
    const device = chooser();
    device.deps.files.writeSettings({ branch: 'stable', auto: 'install', time: '05:10', skipped_version: '1.3.9' });
    await choose(device, 'beta');
    expect(device.deps.files.readSettings()).toEqual({ branch: 'beta', auto: 'install', time: '05:10', skipped_version: '1.3.9' });
  });

  it('of stable needs no list', async () => {
    const device = chooser(null);
    device.deps.files.writeSettings({ ...device.deps.files.readSettings(), branch: 'beta' });
    expect((await choose(device, 'stable')).is).toBe('chosen');
  });

  it('of the one that is followed changes nothing', async () => {
    expect(await choose(chooser(), 'stable')).toEqual({ is: 'same', told: ['this device already follows stable'] });
  });
});

describe('a name that is not in the list', () => {
  it('is asked for, because it may be new; whatever else the check comes to', async () => {
    const device = chooser();
    device.onStart = () => {
      cacheDocument(device.deps, 'branches.json', [{ name: 'rc' }]);
      return 'failed';
    };
    expect(await choose(device, 'rc')).toEqual({ is: 'chosen', told: ["checking whether the branch 'rc' exists", 'this device now follows rc'] });
    expect([chosen(device), device.asked]).toEqual(['rc', [CHECK]]);
  });

  it.each([
    ['betta', "did you mean 'beta'? available branches: stable, beta, nightly"],
    ['stabel', "did you mean 'stable'? available branches: stable, beta, nightly"],
    ['test_1243', 'available branches: stable, beta, nightly'],
  ])('is refused with the nearest one that is no secret: %s', async (name, hint) => {
    const device = chooser();
    await expect(choose(device, name)).rejects.toMatchObject({ code: 'BRANCH_UNKNOWN', message: `there is no branch '${name}'`, hint });
    expect(chosen(device)).toBe('stable');
  });

  it('is refused with what kept the list from being asked for', async () => {
    const device = chooser();
    device.onStart = () => {
      device.setState({ last_result: receipt({ step: 'check', outcome: 'failed', code: 'OFFLINE', message: 'no network' }) });
      return 'failed';
    };
    await expect(choose(device, 'rc')).rejects.toMatchObject({ code: 'OFFLINE' });
  });

  it('is left as it is when the caller does not wait for the answer', async () => {
    const device = chooser();
    device.onStart = () => new Promise<JobResult>(() => undefined);
    const choice = choose(device, 'rc');
    device.interrupt();
    expect((await choice).is).toBe('interrupted');
    expect(chosen(device)).toBe('stable');
  });
});

describe('a choice while something runs', () => {
  it.each([
    ['check', 'the running check was stopped'],
    ['fetch', 'the running download was stopped'],
  ])('stops a %s that goes by the old one', async (step, line) => {
    const device = chooser();
    device.looks.set(`pikit-update-${step}.service`, { active: true });
    expect(await choose(device, 'beta')).toEqual({ is: 'chosen', told: ['this device now follows beta', line] });
    expect(device.asked).toEqual([`stop pikit-update-${step}.service`]);
  });

  it.each(['apply', 'rollback', 'recover'])('leaves a running %s to its end', async (step) => {
    const device = chooser();
    device.looks.set(`pikit-update-${step}.service`, { active: true });
    expect((await choose(device, 'beta')).is).toBe('installing');
    expect([chosen(device), device.asked]).toEqual(['beta', []]);
  });
});
