import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import { directOrders, startStep } from '../../../lib/device/orders.ts';
import { available, cliDevice } from '../../helpers/cli-device.ts';
import { tryAgain } from '../../helpers/wish.ts';

const SEEN = { path: '/usr/local/bin/tool', sha256: 'a'.repeat(64) };

describe('directOrders', () => {
  it('writes down what was agreed to, and starts', async () => {
    const device = cliDevice();
    device.setState({ available: available({ outcome: 'held', reason: 'it fell' }) });
    expect(await directOrders(device.deps).apply({ version: '1.4.0', sha256: null, replace: [SEEN] })).toBe('done');
    expect(device.asked).toEqual(['start pikit-update-apply.service']);
    const { files } = device.deps;
    expect(files.readWanted()).toMatchObject({ version: '1.4.0', manifest_sha256: null, retry: true, replace: [SEEN] });
  });

  it('agrees to nothing where it cannot start, and forgets what was agreed to before', async () => {
    const device = cliDevice();
    const { files } = device.deps;
    device.setState({ available: available({ outcome: 'held', reason: 'it fell' }) });
    device.onStart = () => Promise.reject(new UpdateError('NOT_FOUND', 'no such unit'));
    const orders = directOrders(device.deps);
    // The unit is ours: it is not the version that was not found.
    await expect(orders.apply({ version: '1.4.0', sha256: null, replace: [SEEN] })).rejects.toMatchObject({ code: 'SYSTEMD_UNAVAILABLE' });
    expect(files.readWanted()).toBeNull();
    files.writeWanted(tryAgain(device.deps.now(), '1.4.0'));
    await expect(orders.apply({ version: '9.9.9', sha256: null, replace: [] })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(files.readWanted()).toBeNull();
  });

  it('takes back what was agreed to', async () => {
    const device = cliDevice();
    device.setState({ available: available() });
    const orders = directOrders(device.deps);
    await orders.apply({ version: '1.4.0', sha256: null, replace: [] });
    await orders.withdraw();
    expect(device.deps.files.readWanted()).toBeNull();
  });

  it('writes the settings, and takes notices away', async () => {
    const device = cliDevice();
    const orders = directOrders(device.deps);
    await orders.skip('1.5.0');
    await orders.setAuto({ auto: 'off', time: null });
    await orders.chooseBranch('stable');
    await expect(orders.chooseBranch('nowhere')).rejects.toMatchObject({ code: 'BRANCH_UNKNOWN' });
    expect(device.deps.files.readSettings()).toMatchObject({ branch: 'stable', auto: 'off', skipped_version: '1.5.0' });
    device.setState({ notices: [{ id: 'n1', message: 'm', at: '2026-11-20T10:00:00.000Z' }] });
    expect(await orders.dismiss(null)).toHaveLength(1);
  });
});

describe('startStep', () => {
  it('passes on what systemd does not allow', async () => {
    const device = cliDevice();
    device.onStart = () => Promise.reject(new UpdateError('PERMISSION', 'no'));
    await expect(startStep(device.deps, 'check')).rejects.toMatchObject({ code: 'PERMISSION' });
  });
});
