import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UpdateError } from '../../../lib/core/errors.ts';
import type { Services } from '../../../lib/io/systemd/services.ts';
import { apply } from '../../../lib/steps/apply.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import { readInstalled } from '../../../lib/transaction/change/installed.ts';
import { writeJournal } from '../../../lib/transaction/journal.ts';
import { planChange } from '../../../lib/transaction/plan/plan.ts';
import { readBackup, rollbackChange } from '../../../lib/transaction/plan/rollback-change.ts';
import { open } from '../../../lib/transaction/transaction.ts';
import type { Journal, Phase } from '../../../lib/transaction/types.ts';
import type { Device } from '../../helpers/device.ts';
import { NOW, netDeps, rootDeps } from '../../helpers/device.ts';
import { containing } from '../../helpers/matchers.ts';
import { openApply, wearOut } from './changes.ts';
import { onSite } from './published.ts';
import { status } from './site-server.ts';

const PAGE = '/var/www/pikit-web/index.html';

function grant(on: Device): void {
  fs.mkdirSync(`${on.paths.orders}/granted`, { recursive: true });
  fs.writeFileSync(`${on.paths.orders}/granted/rollback`, JSON.stringify({ run: 'r', until: 'rollback', by: 'apply' }));
}

/** A device on 1.1.0 that can go back to 1.0.0, and what it looked like there. */
async function updated(): Promise<Awaited<ReturnType<typeof onSite>> & { before: Record<string, string> }> {
  const source = await onSite(['1.0.0', '1.1.0']);
  await fetchRelease(netDeps(source.on));
  const before = source.on.tree();
  await apply(rootDeps(source.on));
  return { ...source, before };
}

/** A rollback that was cut short in this phase. */
function openRollback(on: Device, phase: Phase): Journal {
  const { place } = rootDeps(on);
  const installed = readInstalled(place);
  const found = readBackup(place);
  const plan = planChange(place, rollbackChange(place, found, installed));
  const journal = open(place, { kind: 'rollback', from: '1.1.0', to: '1.0.0', branch: 'stable', now: NOW, backup: found.folder }, plan, installed);
  if (phase !== 'preparing') writeJournal(place, { ...journal, phase });
  return journal;
}

describe('rollback by hand', () => {
  it('goes back to exactly what was there, and the newer release is not installed by itself again', async () => {
    const { on, before } = await updated();
    const deps = rootDeps(on);
    expect(await rollback(deps)).toEqual({
      outcome: 'ok',
      message: 'rolled back to 1.0.0',
      from: '1.1.0',
      to: '1.0.0',
      branch: 'stable',
      recorded: true,
    });
    expect(on.tree()).toEqual(before);
    expect(deps.said).toEqual(['info: rolling back from 1.1.0 to 1.0.0', 'info: recorded: restart pikit-api.service']);
    expect(on.files.readState()).toMatchObject({ current: '1.0.0', available: null, held: [{ version: '1.1.0', reason: 'rolled-back' }] });
    expect(on.files.readHistory().at(-1)).toMatchObject({ step: 'rollback', outcome: 'ok', message: 'rolled back from 1.1.0 to 1.0.0' });
  });

  it('does nothing the second time', async () => {
    const { on } = await updated();
    await rollback(rootDeps(on));
    const before = on.tree();
    expect(await rollback(rootDeps(on))).toEqual({
      outcome: 'nothing',
      message: 'nothing to roll back to: the backup also contains 1.0.0',
    });
    expect(on.tree()).toEqual(before);
  });

  it('goes back to nothing from the first release, and the device can be updated again', async () => {
    const { on } = await onSite(['1.0.0']);
    await fetchRelease(netDeps(on));
    const before = on.tree();
    await apply(rootDeps(on));
    expect(await rollback(rootDeps(on))).toMatchObject({ message: 'rolled back to no release' });
    expect(on.tree()).toEqual(before);
    expect((await fetchRelease(netDeps(on))).outcome).toBe('ok');
    expect((await apply(rootDeps(on))).outcome).toBe('ok');
  });

  it('goes back to nothing although no page can answer any more', async () => {
    const { on, server } = await onSite(['1.0.0']);
    await fetchRelease(netDeps(on));
    await apply(rootDeps(on));
    server.answer('/health', status(500));
    on.configure({ url: server.url, health: [`${server.url}health`], healthTimeout: '300ms' });
    const deps = rootDeps(on);
    expect(await rollback(deps)).toMatchObject({ message: 'rolled back to no release' });
    expect(deps.said.filter((line) => line.startsWith('warning: the health check failed without a release, ignoring: '))).toHaveLength(1);
  });

  it('fails with NO_BACKUP on a device that never had an update', async () => {
    const { on } = await onSite(['1.0.0']);
    await expect(rollback(rootDeps(on))).rejects.toMatchObject({ code: 'NO_BACKUP', hint: 'the next update creates a backup' });
  });

  it('fails before it changes anything when the backup is damaged', async () => {
    const { on } = await updated();
    const before = on.tree();
    const backup = on.files.readState().backup_path ?? '';
    fs.appendFileSync(on.at(`${backup}/files${PAGE}`), 'x');
    await expect(rollback(rootDeps(on))).rejects.toMatchObject({ code: 'BACKUP_INVALID' });
    expect(on.tree()).toEqual(before);
  });

  it('fails before it changes anything when it is stopped in time', async () => {
    const { on } = await updated();
    const before = on.tree();
    await expect(rollback(rootDeps(on, { signal: AbortSignal.abort() }))).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(on.tree()).toEqual(before);
    expect((await rollback(rootDeps(on))).outcome).toBe('ok');
  });

  it('keeps edits of the owner aside and says where', async () => {
    const { on } = await updated();
    fs.writeFileSync(on.at(PAGE), 'mine');
    const deps = rootDeps(on);
    await rollback(deps);
    const line = deps.said.at(-1) ?? '';
    expect(line).toContain(`notice: '${PAGE}' had been edited; the edited file is kept as '`);
    expect(on.read(/kept as '(.*)'$/.exec(line)?.[1] ?? '')).toBe('mine');
    expect(on.read(PAGE)).toContain('1.0.0');
  });

  it.each([
    ['a page', 'PROBE_FAILED'],
    ['a service', 'SERVICE_FAILED'],
  ])('goes back although %s does not come up again, fails, and says so in one receipt', async (what, code) => {
    const { on, before, server } = await updated();
    server.answer('/health', status(500));
    if (what === 'a page') on.configure({ url: server.url, health: [`${server.url}health`], healthTimeout: '300ms' });
    const down: Services = {
      restarts: 'restarted',
      meantToRun: () => Promise.resolve([]),
      restart: () => Promise.reject(new UpdateError('SERVICE_FAILED', "'x.service' did not start (failed)", { subject: 'x.service', lines: ['no'] })),
      connect: () => Promise.resolve(),
      reloadWebServer: () => Promise.resolve(null),
      assertActive: () => Promise.resolve(),
      close: () => undefined,
    };
    const deps = rootDeps(on, what === 'a page' ? {} : { services: () => down });
    expect(await rollback(deps)).toMatchObject({ failure: { code } });
    const after = on.tree();
    delete after['/etc/pikit/update.toml'];
    const expected = { ...before };
    delete expected['/etc/pikit/update.toml'];
    expect(after).toEqual(expected);
    expect(deps.said.at(-1)).toBe('notice: rolled back: the files of 1.0.0 are restored');
    const receipts = on.files.readHistory().filter((receipt) => receipt.step === 'rollback');
    expect(receipts).toHaveLength(1);
    expect(receipts[0]).toMatchObject({ outcome: 'failed', code, message: containing('rolled back from 1.1.0 to 1.0.0, but ') });
    expect(on.files.readState().current).toBe('1.0.0');
  });
});

describe('rollback by the chain', () => {
  it('does nothing when nothing is open, though there is a backup', async () => {
    const { on } = await updated();
    grant(on);
    expect(await rollback(rootDeps(on))).toEqual({ outcome: 'nothing', message: 'no update is open: there is nothing to undo' });
    expect(on.files.readVersion()).toBe('1.1.0');
    expect(on.read('/run/pikit-update/orders/granted/rollback')).toBeNull();
  });

  it.each([['nothing open'], ['committed']])('leaves no release that is installed because its token is damaged: %s', async (open) => {
    const { on } = await updated();
    if (open === 'committed') openApply(rootDeps(on), 'committed');
    grant(on);
    fs.truncateSync(`${on.paths.orders}/granted/rollback`, 10);
    const deps = rootDeps(on);
    expect((await rollback(deps)).outcome).toBe('nothing');
    expect(deps.said.filter((line) => line.includes('rolling back'))).toEqual([]);
    expect(deps.said[0]).toMatch(/^warning: the token granted\/rollback is not valid JSON\b.*; moved it to '.*' and started a new one$/);
  });

  it.each(['preparing', 'applying'] as const)('undoes an update that was cut short: %s', async (phase) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    const before = on.tree();
    openApply(rootDeps(on), phase);
    grant(on);
    const deps = rootDeps(on);
    expect(await rollback(deps)).toMatchObject({ outcome: 'rolled-back', message: containing('installing 1.1.0 failed'), recorded: true });
    expect(on.tree()).toEqual(before);
    expect(deps.said).toEqual(['info: recorded: restart pikit-api.service']);
    expect(on.files.readHistory().at(-1)).toMatchObject({ step: 'rollback', outcome: 'rolled-back' });
  });

  it('finishes an update that was committed, and does not call that a rollback', async () => {
    const { on } = await updated();
    openApply(rootDeps(on), 'committed');
    grant(on);
    expect(await rollback(rootDeps(on))).toMatchObject({ outcome: 'nothing', message: containing('1.1.0 is installed') });
  });
});

describe('rollback finds a transaction open', () => {
  it.each(['preparing', 'applying'] as const)('an update in phase %s: it is undone, and that is what was asked for', async (phase) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    const before = on.tree();
    openApply(rootDeps(on), phase);
    expect((await rollback(rootDeps(on))).outcome).toBe('rolled-back');
    expect(on.tree()).toEqual(before);
  });

  it('an update that was committed: it is finished, and then the device goes back', async () => {
    const { on, before } = await updated();
    const { place } = rootDeps(on);
    const found = readBackup(place);
    const empty = { puts: [], deletes: [], installed: null, version: '1.1.0', branch: 'stable', restore: readInstalled(place) };
    const journal = open(
      place,
      { kind: 'rollback', from: '1.0.0', to: '1.1.0', branch: 'stable', now: NOW, backup: found.folder },
      planChange(place, empty),
      null,
    );
    writeJournal(place, { ...journal, kind: 'apply', phase: 'committed' });
    expect(await rollback(rootDeps(on))).toMatchObject({ outcome: 'ok', message: 'rolled back to 1.0.0' });
    expect(on.tree()).toEqual(before);
  });

  it('a rollback that had not begun to change anything: the device goes back now', async () => {
    const { on, before } = await updated();
    openRollback(on, 'preparing');
    const deps = rootDeps(on);
    expect(await rollback(deps)).toMatchObject({ outcome: 'ok', message: 'rolled back to 1.0.0' });
    expect(on.tree()).toEqual(before);
    expect(on.files.readHistory().at(-2)).toMatchObject({
      outcome: 'failed',
      message: 'rolling back to 1.0.0 failed: the rollback was interrupted. The device is still on 1.1.0',
    });
  });

  it('a rollback in the middle: it goes forward to its target', async () => {
    const { on, before } = await updated();
    openRollback(on, 'applying');
    expect(await rollback(rootDeps(on))).toMatchObject({ outcome: 'rolled-back', message: 'rolled back from 1.1.0 to 1.0.0' });
    expect(on.tree()).toEqual(before);
  });

  it('one that cannot be resolved: it says so once, and fails', async () => {
    const { on } = await updated();
    wearOut(rootDeps(on).place, openRollback(on, 'applying'));
    const deps = rootDeps(on);
    expect(await rollback(deps)).toMatchObject({ failure: { code: 'BROKEN', hint: containing('pikit-update apply') } });
    expect(deps.said.filter((line) => line.includes('cannot be undone'))).toEqual([]);
    expect(on.files.readHistory().at(-1)).toMatchObject({ outcome: 'broken', code: 'BROKEN' });
  });

  it('with a configuration that cannot be read: it is undone all the same, and the services are left alone', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    openApply(rootDeps(on), 'applying');
    fs.writeFileSync(on.paths.config, '[source\n');
    const deps = rootDeps(on);
    expect((await rollback(deps)).outcome).toBe('rolled-back');
    expect(on.read(PAGE)).toContain('1.0.0');
    expect(deps.said.at(-1)).toMatch(/^warning: failed to restart the services, ignoring: '.*update\.toml' is not TOML/);
  });
});
