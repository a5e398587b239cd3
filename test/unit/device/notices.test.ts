import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { dismissNotices } from '../../../lib/device/notices.ts';
import { takeLock } from '../../../lib/io/state/lock.ts';
import type { CliDevice } from '../../helpers/cli-device.ts';
import { NOW, cliDevice } from '../../helpers/cli-device.ts';

const notice = (branch: string) => ({ id: `branch-removed:${branch}`, message: `the branch '${branch}' was removed`, at: NOW.toISOString() });

function withNotices(): CliDevice {
  const device = cliDevice();
  device.setState({ current: '1.4.0', notices: [notice('beta'), notice('rc')] });
  return device;
}

const left = (device: CliDevice): string[] => device.deps.files.readState().notices.map(({ id }) => id);
const isLocked = ({ deps }: CliDevice): boolean => spawnSync('flock', ['-n', deps.paths.lock, 'true']).status === 1;

describe('dismissNotices', () => {
  it('takes all notices away, and nothing else', async () => {
    const device = withNotices();
    expect(await dismissNotices(device.deps, null)).toEqual([notice('beta'), notice('rc')]);
    expect([left(device), device.deps.files.readState().current]).toEqual([[], '1.4.0']);
    expect(await dismissNotices(device.deps, null)).toEqual([]);
  });

  it.each(['branch-removed:beta', 'beta'])('takes one away, by its id or its branch: %s', async (id) => {
    const device = withNotices();
    expect(await dismissNotices(device.deps, id)).toEqual([notice('beta')]);
    expect(left(device)).toEqual(['branch-removed:rc']);
  });

  it('lets go of the lock, whatever comes of it: the next step needs it', async () => {
    const device = withNotices();
    await dismissNotices(device.deps, 'beta');
    expect(isLocked(device)).toBe(false);
    await expect(dismissNotices(device.deps, 'x')).rejects.toMatchObject({ code: 'NOT_FOUND', hint: 'the notices are branch-removed:rc' });
    expect(isLocked(device)).toBe(false);
  });

  it('waits for a step that is running', async () => {
    const device = withNotices();
    const release = await takeLock(device.deps.paths.lock, { waitMs: 0, onWait: () => undefined, signal: new AbortController().signal });
    const dismissed = dismissNotices(device.deps, null);
    expect(left(device)).toHaveLength(2);
    release();
    expect(await dismissed).toHaveLength(2);
  });

  it('gives up waiting when it is told to', async () => {
    const device = withNotices();
    const release = await takeLock(device.deps.paths.lock, { waitMs: 0, onWait: () => undefined, signal: new AbortController().signal });
    const dismissed = dismissNotices(device.deps, null);
    device.interrupt();
    await expect(dismissed).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(left(device)).toHaveLength(2);
    release();
  });
});
