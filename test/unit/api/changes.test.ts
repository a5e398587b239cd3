import { expect, it } from 'vitest';
import { deviceChanges } from '../../../lib/api/changes.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import { cliDevice } from '../../helpers/cli-device.ts';

function bell() {
  let ring = (): void => undefined;
  return {
    onChange: (): void => {
      ring();
    },
    next: () => new Promise<void>((resolve) => (ring = resolve)),
  };
}

it('hears of units, of files that others write, and of what it is told', async () => {
  const device = cliDevice();
  device.setState({});
  const changes = deviceChanges(device.deps, () => undefined);
  const { onChange, next } = bell();
  const end = await changes.watch(onChange);
  for (const cause of [
    device.change,
    changes.tell,
    () => {
      device.setState({ latest: '1.1.0' });
    },
    () => {
      device.setProgress({ percent: 46 });
    },
  ]) {
    const heard = next();
    cause();
    await heard;
  }
  end();
});

it('goes on with the files when systemd cannot be asked, says so, and tries again for the next one', async () => {
  const device = cliDevice();
  const warned: string[] = [];
  let tries = 0;
  const units = (): Promise<never> => {
    tries += 1;
    return Promise.reject(new UpdateError('SYSTEMD_UNAVAILABLE', 'no bus'));
  };
  const changes = deviceChanges({ ...device.deps, units }, (message) => warned.push(message));
  const { onChange, next } = bell();
  const end = await changes.watch(onChange);
  const heard = next();
  device.setState({ latest: '1.1.0' });
  await heard;
  (await changes.watch(onChange))();
  expect([tries, warned]).toEqual([2, ['failed to follow the units, ignoring: no bus', 'failed to follow the units, ignoring: no bus']]);
  end();
});

it('goes on for the next one who watches with the same function, when the last one has left', async () => {
  const device = cliDevice();
  device.setState({});
  const changes = deviceChanges(device.deps, () => undefined);
  const { onChange, next } = bell();
  const [first, second] = await Promise.all([changes.watch(onChange), changes.watch(onChange)]);
  first();
  first();
  const heard = next();
  device.setState({ latest: '1.1.0' });
  await heard;
  second();
});
