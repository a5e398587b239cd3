import { describe, expect, it, onTestFinished } from 'vitest';
import { unitEnding } from '../../../../lib/io/systemd/unit-ending.ts';
import { fakeSystemd, hasBus } from '../../../helpers/fake-systemd.ts';

describe.skipIf(!hasBus)('how a unit ended (skipped without dbus-daemon)', () => {
  it('is what systemd says', async () => {
    const systemd = await fakeSystemd();
    onTestFinished(systemd.stop);
    const unit = { LoadState: ['s', 'loaded'], ActiveState: ['s', 'failed'], InvocationID: ['ay', Buffer.alloc(16, 0xab)] } as const;
    const service = { Result: ['s', 'oom-kill'], ExecMainStatus: ['i', 9], ExecMainExitTimestamp: ['t', 1n] } as const;
    systemd.units.set('a.service', { unit, service });
    expect(await unitEnding('a.service')).toEqual({ result: 'oom-kill', exitStatus: 9, invocation: 'ab'.repeat(16) });
  });

  it('is not known where systemd does not answer', async () => {
    const systemd = await fakeSystemd();
    onTestFinished(systemd.stop);
    await systemd.killBus();
    expect(await unitEnding('a.service')).toBeNull();
  });
});
