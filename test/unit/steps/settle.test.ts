import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { settleOpenTransaction } from '../../../lib/steps/settle.ts';
import { plainReceipt } from '../../../lib/steps/receipts.ts';
import { readInstalled } from '../../../lib/transaction/installed.ts';
import { writeJournal } from '../../../lib/transaction/journal.ts';
import { planChange } from '../../../lib/transaction/plan.ts';
import { enter, open } from '../../../lib/transaction/transaction.ts';
import type { Journal } from '../../../lib/transaction/types.ts';
import type { Device } from '../../helpers/device.ts';
import { NOW, device, stepDeps } from '../../helpers/device.ts';
import { containing, matching } from '../../helpers/matchers.ts';
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
  return enter(place, journal);
}

describe('settleOpenTransaction', () => {
  it('is nothing on a device at rest, and says nothing', () => {
    const on = device();
    const deps = stepDeps(on);
    expect(settleOpenTransaction(deps, 'apply')).toEqual({ recovery: { is: 'nothing' }, receipt: null });
    expect(deps.said).toEqual([]);
  });

  it('undoes an update, and leaves the words to whoever asked', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    const before = on.tree();
    openApply(on);
    const deps = stepDeps(on);
    expect(settleOpenTransaction(deps, 'recover')).toMatchObject({
      recovery: { is: 'undone' },
      receipt: { step: 'recover', outcome: 'rolled-back' },
    });
    expect(on.tree()).toEqual(before);
    expect(deps.said).toEqual([]);
  });

  it('finishes one that was committed', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    const { place } = stepDeps(on);
    writeJournal(place, { ...openApply(on), phase: 'committed' });
    expect(settleOpenTransaction(stepDeps(on), 'recover')).toMatchObject({ recovery: { is: 'finished' }, receipt: { outcome: 'ok', to: '1.1.0' } });
    expect(on.files.readState().current).toBe('1.1.0');
  });

  it('rebuilds by hash when the journal is damaged, and keeps it for a look', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    const before = on.tree();
    openApply(on);
    fs.truncateSync(on.paths.journal, 100);
    const { recovery, receipt } = settleOpenTransaction(stepDeps(on), 'recover');
    expect(recovery).toMatchObject({ is: 'rebuilt', aside: matching(/journal\.corrupt-1$/) });
    expect(receipt).toMatchObject({ code: 'JOURNAL_CORRUPT', outcome: 'rolled-back', message: containing('by its hashes the device is on 1.0.0') });
    expect(on.tree()).toEqual(before);
    expect(on.files.readHistory().at(-1)).toEqual(receipt);
  });

  it('calls broken what cannot be undone, once', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    const { place } = stepDeps(on);
    wearOut(place, openApply(on));
    const { recovery, receipt } = settleOpenTransaction(stepDeps(on), 'recover');
    expect(recovery.is).toBe('broken');
    expect(receipt).toMatchObject({
      outcome: 'broken',
      code: 'BROKEN',
      from: '1.0.0',
      to: '1.1.0',
      hint: containing('pikit-update apply'),
      message: matching(/^the update cannot be undone: attempt 4 failed as well: .*; its journal is kept as '.*'$/),
    });
    expect(settleOpenTransaction(stepDeps(on), 'recover').recovery.is).toBe('nothing');
  });

  it.each(['rebuilt', 'broken'])('does not fail because its receipt cannot be written: %s', async (what) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    const { place } = stepDeps(on);
    const journal = openApply(on);
    if (what === 'broken') wearOut(place, journal);
    else fs.truncateSync(on.paths.journal, 100);
    // Nothing is written through a link.
    fs.rmSync(on.paths.stateDir, { recursive: true, force: true });
    fs.mkdirSync(`${on.paths.stateDir}-away`, { recursive: true });
    fs.symlinkSync(`${on.paths.stateDir}-away`, on.paths.stateDir);
    const deps = stepDeps(on);
    expect(settleOpenTransaction(deps, 'recover').recovery.is).toBe(what);
    expect(deps.said.at(-1)).toMatch(/^warning: the receipt could not be written/);
  });

  it('takes a failure of check over into the history first', () => {
    const on = device();
    const failed = { ...plainReceipt({ step: 'check', at: NOW, tookMs: null }, 'failed', 'no', { from: null, to: null }), code: 'OFFLINE' };
    on.files.writeState({ ...on.files.readState(), last_result: failed });
    settleOpenTransaction(stepDeps(on), 'apply');
    expect(on.files.readHistory()).toEqual([failed]);
  });

  it('tells the state of held versions that it has lost, and keeps those that it has', () => {
    const on = device();
    const held = (version: string) => ({ version, reason: 'failed' as const, code: null, message: 'no', at: NOW.toISOString(), attempts: 1 });
    on.files.writeHeld({ schema: 1, versions: [held('1.1.0')] });
    on.files.writeState({ ...on.files.readState(), held: [held('1.2.0')] });
    settleOpenTransaction(stepDeps(on), 'apply');
    expect(on.files.readState().held.map((entry) => entry.version)).toEqual(['1.2.0', '1.1.0']);
  });
});
