import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recoverStep } from '../../../lib/steps/recover.ts';
import { writeJournal } from '../../../lib/transaction/journal.ts';
import { device, stepDeps } from '../../helpers/device.ts';
import { containing } from '../../helpers/matchers.ts';
import { openApply, wearOut } from './changes.ts';
import { onSite } from './published.ts';

describe('recoverStep', () => {
  it('has nothing to do on a device at rest, without a configuration, too', async () => {
    const on = device();
    fs.rmSync(on.paths.config);
    expect(await recoverStep(stepDeps(on))).toEqual({ outcome: 'nothing', message: 'no update was interrupted' });
  });

  it('undoes an update without a configuration, restarts nothing, and takes the token away', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    const before = on.tree();
    const actions = on.read('/var/lib/pikit/service-actions.jsonl');
    openApply(stepDeps(on));
    on.files.leaveToken('rollback', { run: 'r', until: 'rollback', by: 'apply' });
    fs.renameSync(on.paths.config, `${on.paths.config}.away`);
    const deps = stepDeps(on);
    expect(await recoverStep(deps)).toEqual({
      outcome: 'rolled-back',
      message: 'installing 1.1.0 failed: the update was interrupted. The device is still on 1.0.0',
      event: { is: 'interrupted', version: '1.1.0', branch: 'stable' },
      recorded: true,
    });
    fs.renameSync(`${on.paths.config}.away`, on.paths.config);
    expect(on.tree()).toEqual(before);
    expect(on.read('/var/lib/pikit/service-actions.jsonl')).toBe(actions);
    expect(on.read('/run/pikit-update/orders/next/rollback')).toBeNull();
    expect(deps.said).toEqual([]);
  });

  it('finishes an update that was committed', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    writeJournal(stepDeps(on).place, { ...openApply(stepDeps(on)), phase: 'committed' });
    expect(await recoverStep(stepDeps(on))).toMatchObject({ outcome: 'ok', message: '1.1.0 is installed (before: 1.0.0)' });
  });

  it('fails when it cannot be undone, with the hint of the receipt, and is quiet the next time', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    wearOut(stepDeps(on).place, openApply(stepDeps(on)));
    const deps = stepDeps(on);
    expect(await recoverStep(deps)).toMatchObject({ failure: { code: 'BROKEN', hint: containing('dmesg') } });
    expect(deps.said).toEqual([]);
    expect((await recoverStep(stepDeps(on))).outcome).toBe('nothing');
  });
});
