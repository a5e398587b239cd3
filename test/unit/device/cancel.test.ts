import { describe, expect, it } from 'vitest';
import { cancelRun, stopStep } from '../../../lib/device/cancel.ts';
import type { CliDevice } from '../../helpers/cli-device.ts';
import { cliDevice, receipt } from '../../helpers/cli-device.ts';

function running(...steps: string[]): CliDevice {
  const device = cliDevice();
  for (const step of steps) device.looks.set(`pikit-update-${step}.service`, { active: true });
  return device;
}

async function cancel(device: CliDevice): Promise<{ steps: string[]; told: string[] }> {
  const told: string[] = [];
  return { steps: await cancelRun(device.deps, (text) => told.push(text)), told };
}

describe('cancelRun', () => {
  it.each([
    ['nothing', [], 'nothing to cancel: no step is running'],
    ['check', ['check'], 'the check was stopped'],
    ['fetch', ['fetch'], 'the download was stopped; the downloaded part is kept'],
  ])('%s', async (_name, steps, line) => {
    const device = running(...steps);
    expect(await cancel(device)).toEqual({ steps, told: [line] });
    expect(device.asked).toEqual(steps.map((step) => `stop pikit-update-${step}.service`));
  });

  it('stops a download, and with it the installation that waits for it', async () => {
    const device = running('fetch');
    device.looks.set('pikit-update-apply.service', { waiting: true });
    expect((await cancel(device)).steps).toEqual(['fetch']);
  });

  it('takes back a download that has not begun', async () => {
    const device = cliDevice();
    device.looks.set('pikit-update-fetch.service', { waiting: true });
    expect((await cancel(device)).steps).toEqual(['fetch']);
    expect(device.asked).toEqual(['stop pikit-update-fetch.service']);
  });

  it('says what became of an update that was being installed', async () => {
    const device = running('apply');
    device.setState({ last_result: receipt({ message: 'installing 1.4.0 failed: stopped' }) });
    expect((await cancel(device)).told.at(-1)).toBe('installing 1.4.0 failed: stopped');
  });

  it.each(['rollback', 'recover'])('stops nothing beside a %s', async (step) => {
    const device = running('fetch', step);
    await expect(cancel(device)).rejects.toMatchObject({ code: 'BUSY' });
    expect(device.asked).toEqual([]);
  });
});

describe('stopStep', () => {
  it('ends the process of a step that another program runs in a folder', async () => {
    const device = cliDevice();
    device.setProgress({ step: 'fetch', pid: 4711 });
    const ended: number[] = [];
    await stopStep({ ...device.deps, terminate: (pid) => ended.push(pid) }, 'fetch');
    expect([ended, device.asked]).toEqual([[4711], []]);
  });

  it('is STEP_FAILED when it does not end', async () => {
    const { deps } = cliDevice();
    const units = { ...(await deps.units()), stop: () => Promise.resolve('timeout') };
    await expect(stopStep({ ...deps, units: () => Promise.resolve(units) }, 'check')).rejects.toMatchObject({ code: 'STEP_FAILED' });
  });
});
