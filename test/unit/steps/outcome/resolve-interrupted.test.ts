import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { resolveInterrupted } from '../../../../lib/steps/outcome/resolve-interrupted.ts';
import { plainReceipt } from '../../../../lib/steps/outcome/receipts.ts';
import { writeJournal } from '../../../../lib/transaction/journal.ts';
import { NOW, device, stepDeps } from '../../../helpers/device.ts';
import { containing, matching } from '../../../helpers/matchers.ts';
import { openApply, wearOut } from '../changes.ts';
import { onSite } from '../published.ts';

describe('resolveInterrupted', () => {
  it('is nothing on a device at rest, and says nothing', () => {
    const on = device();
    const deps = stepDeps(on);
    expect(resolveInterrupted(deps, 'apply')).toEqual({ recovery: { is: 'nothing' }, receipt: null });
    expect(deps.said).toEqual([]);
  });

  it('undoes an update, and leaves the report to the caller', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    const before = on.tree();
    openApply(stepDeps(on));
    const deps = stepDeps(on);
    expect(resolveInterrupted(deps, 'recover')).toMatchObject({
      recovery: { is: 'undone' },
      receipt: { step: 'recover', outcome: 'rolled-back' },
    });
    expect(on.tree()).toEqual(before);
    expect(deps.said).toEqual([]);
  });

  it('finishes one that was committed', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    const { place } = stepDeps(on);
    writeJournal(place, { ...openApply(stepDeps(on)), phase: 'committed' });
    expect(resolveInterrupted(stepDeps(on), 'recover')).toMatchObject({ recovery: { is: 'finished' }, receipt: { outcome: 'ok', to: '1.1.0' } });
    expect(on.files.readState().current).toBe('1.1.0');
  });

  it('rebuilds by hash when the journal is damaged, and keeps it for a look', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    const before = on.tree();
    openApply(stepDeps(on));
    fs.truncateSync(on.paths.journal, 100);
    const { recovery, receipt } = resolveInterrupted(stepDeps(on), 'recover');
    expect(recovery).toMatchObject({ is: 'rebuilt', aside: matching(/journal\.corrupt-1$/) });
    expect(receipt).toMatchObject({
      code: 'JOURNAL_CORRUPT',
      outcome: 'rolled-back',
      message: containing('recovered 1.0.0 by comparing file hashes'),
    });
    expect(on.tree()).toEqual(before);
    expect(on.files.readHistory().at(-1)).toEqual(receipt);
  });

  it('calls broken what cannot be undone, once', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    const { place } = stepDeps(on);
    wearOut(place, openApply(stepDeps(on)));
    const { recovery, receipt } = resolveInterrupted(stepDeps(on), 'recover');
    expect(recovery.is).toBe('broken');
    expect(receipt).toMatchObject({
      outcome: 'broken',
      code: 'BROKEN',
      from: '1.0.0',
      to: '1.1.0',
      hint: containing('pikit-update apply'),
      message: matching(/^the update cannot be undone: attempt 4 failed as well: .*; its journal is kept as '.*'$/),
    });
    expect(resolveInterrupted(stepDeps(on), 'recover').recovery.is).toBe('nothing');
  });

  it.each(['rebuilt', 'broken'])('does not fail because its receipt cannot be written: %s', async (what) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    const { place } = stepDeps(on);
    const journal = openApply(stepDeps(on));
    if (what === 'broken') wearOut(place, journal);
    else fs.truncateSync(on.paths.journal, 100);
    // Nothing is written through a link.
    fs.rmSync(on.paths.stateDir, { recursive: true, force: true });
    fs.mkdirSync(`${on.paths.stateDir}-away`, { recursive: true });
    fs.symlinkSync(`${on.paths.stateDir}-away`, on.paths.stateDir);
    const deps = stepDeps(on);
    expect(resolveInterrupted(deps, 'recover').recovery.is).toBe(what);
    expect(deps.said.at(-1)).toMatch(/^warning: failed to record the result, ignoring: /);
  });

  it('takes a failure of check over into the history first', () => {
    const on = device();
    const failed = { ...plainReceipt({ step: 'check', at: NOW, tookMs: null }, 'failed', 'no', { from: null, to: null }), code: 'OFFLINE' };
    on.files.writeState({ ...on.files.readState(), last_result: failed });
    resolveInterrupted(stepDeps(on), 'apply');
    expect(on.files.readHistory()).toEqual([failed]);
  });
});
