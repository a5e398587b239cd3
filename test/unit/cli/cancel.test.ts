import { expect, it } from 'vitest';
import type { CliDevice } from '../../helpers/cli-device.ts';
import { cliDevice, receipt } from '../../helpers/cli-device.ts';

function running(...steps: string[]): CliDevice {
  const device = cliDevice();
  for (const step of steps) device.looks.set(`pikit-update-${step}.service`, { active: true });
  return device;
}

it.each([
  ['nothing', [], 'nothing to cancel: no step is running\n'],
  ['check', ['check'], 'the check was stopped\n'],
  ['fetch', ['fetch'], 'the download was stopped; the downloaded part is kept\n'],
])('%s', async (_name, steps, out) => {
  const device = running(...steps);
  expect(await device.run('cancel')).toEqual({ exit: 0, out, err: '' });
  expect(device.asked).toEqual(steps.map((step) => `stop pikit-update-${step}.service`));
});

it('says what becomes of an update that is being installed', async () => {
  const device = running('apply');
  device.setState({ last_result: receipt({ message: 'installing 1.4.0 failed: stopped' }) });
  expect(await device.run('cancel')).toEqual({
    exit: 0,
    out: 'stopping the update; it restores the files it replaced, unless it is already complete\ninstalling 1.4.0 failed: stopped\n',
    err: '',
  });
});

it.each(['rollback', 'recover'])('does not stop a %s', async (step) => {
  const device = running('fetch', step);
  expect(await device.run('cancel')).toMatchObject({ exit: 75, out: '' });
  expect(device.asked).toEqual([]);
});

it('says as JSON what was stopped', async () => {
  expect(JSON.parse((await running('fetch').run('cancel --json')).out)).toEqual({ cancelled: ['fetch'], result: null });
});
