import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { recoverStep } from '../../../lib/steps/recover.ts';
import { readInstalled } from '../../../lib/transaction/installed.ts';
import { writeJournal } from '../../../lib/transaction/journal.ts';
import { planChange } from '../../../lib/transaction/plan.ts';
import { enter, open } from '../../../lib/transaction/transaction.ts';
import type { Journal } from '../../../lib/transaction/types.ts';
import type { Device } from '../../helpers/device.ts';
import { NOW, device, stepDeps } from '../../helpers/device.ts';
import { containing } from '../../helpers/matchers.ts';
import { removal, wearOut } from './changes.ts';
import { onSite } from './published.ts';

function openApply(on: Device): Journal {
  const { place } = stepDeps(on);
  const installed = readInstalled(place);
  const journal = open(
    place,
    { kind: 'apply', from: '1.0.0', to: '1.1.0', branch: 'stable', now: NOW, backup: null },
    planChange(place, removal(installed)),
    installed,
  );
  on.files.leaveToken('rollback', { run: 'r', until: 'rollback', by: 'apply' });
  return enter(place, journal);
}

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
    openApply(on);
    fs.renameSync(on.paths.config, `${on.paths.config}.away`);
    const deps = stepDeps(on);
    expect(await recoverStep(deps)).toEqual({
      outcome: 'rolled-back',
      message: '1.1.0 was not installed: the update was interrupted; the device is on 1.0.0 as before',
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
    writeJournal(stepDeps(on).place, { ...openApply(on), phase: 'committed' });
    expect(await recoverStep(stepDeps(on))).toMatchObject({ outcome: 'ok', message: '1.1.0 is installed (before: 1.0.0)' });
  });

  it('fails when it cannot be undone, with the hint of the receipt, and is quiet the next time', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    wearOut(stepDeps(on).place, openApply(on));
    const deps = stepDeps(on);
    await expect(recoverStep(deps)).rejects.toMatchObject({ code: 'BROKEN', hint: containing('dmesg') });
    expect(deps.said).toEqual([]);
    expect((await recoverStep(stepDeps(on))).outcome).toBe('nothing');
  });
});
