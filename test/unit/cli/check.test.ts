import { expect, it } from 'vitest';
import { available, cliDevice, receipt } from '../../helpers/cli-device.ts';

it('says what it found, and what can be done with it', async () => {
  const device = cliDevice();
  device.onStart = () => {
    device.setState({ available: available(), last_result: receipt({ step: 'check', message: '1.4.0 is available' }) });
    return 'done';
  };
  expect(await device.run('check')).toEqual({
    exit: 0,
    out: '1.4.0 is available\n',
    err: 'hint: `pikit-update apply` installs it, `pikit-update plan` shows what it changes\n',
  });
  expect(device.asked).toEqual(['start pikit-update-check.service']);
  const json = await device.run('check --json');
  expect(json).toMatchObject({ exit: 0, err: '' });
  expect(JSON.parse(json.out)).toMatchObject({ result: null, available: { version: '1.4.0' } });
});

it('fails with the words of the receipt', async () => {
  const device = cliDevice();
  device.onStart = () => {
    device.setState({ last_result: receipt({ step: 'check', outcome: 'failed', code: 'OFFLINE', message: 'no network', hint: 'plug it in' }) });
    return 'failed';
  };
  expect(await device.run('check')).toEqual({ exit: 1, out: '', err: 'error: no network\nhint: plug it in\n' });
});
