import { describe, expect, it } from 'vitest';
import { dismissCommand } from '../../../lib/cli/notices.ts';
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

describe('branch --dismiss', () => {
  it('takes all notices away, and nothing else', async () => {
    const device = withNotices();
    expect(await device.run('branch --dismiss')).toEqual({
      exit: 0,
      out: "dismissed  the branch 'beta' was removed\ndismissed  the branch 'rc' was removed\n",
      err: '',
    });
    expect(left(device)).toEqual([]);
    expect(device.deps.files.readState().current).toBe('1.4.0');
  });

  it('has nothing to do without any', async () => {
    expect(await cliDevice().run('branch --dismiss')).toEqual({ exit: 0, out: 'there are no notices\n', err: '' });
  });

  it('waits for a step that is running, and says that it gave up', async () => {
    const device = withNotices();
    await takeLock(device.deps.paths.lock, { waitMs: 0, onWait: () => undefined, signal: new AbortController().signal });
    const stop = new AbortController();
    const running = dismissCommand({ ...device.deps, signal: stop.signal }, { json: true, id: null });
    stop.abort();
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(left(device)).toHaveLength(2);
  });

  it('knows no other', async () => {
    const device = withNotices();
    expect(await device.run('branch --dismiss x')).toEqual({
      exit: 1,
      out: '',
      err: "error: there is no notice 'x'\nhint: the notices are branch-removed:beta, branch-removed:rc\n",
    });
    expect(left(device)).toHaveLength(2);
  });
});
