import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { apply } from '../../../lib/steps/apply.ts';
import { check } from '../../../lib/steps/check.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import { readJournal, writeJournal } from '../../../lib/transaction/journal.ts';
import { open } from '../../../lib/transaction/transaction.ts';
import { planChange } from '../../../lib/transaction/plan/plan.ts';
import { readInstalled } from '../../../lib/transaction/change/installed.ts';
import type { Device } from '../../helpers/device.ts';
import { NOW, netDeps, rootDeps } from '../../helpers/device.ts';
import { containing, matching } from '../../helpers/matchers.ts';
import { dashboard } from '../../helpers/site-builder.ts';
import { removal, wearOut } from './changes.ts';
import { install, onSite } from './published.ts';

const PAGE = '/var/www/pikit-web/index.html';

describe('apply', () => {
  it('installs what is staged, says what it did, and tidies up', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    const deps = rootDeps(on);
    expect(await apply(deps)).toEqual({ outcome: 'ok', message: '1.1.0 is installed', from: '1.0.0', to: '1.1.0', branch: 'stable', recorded: true });
    expect(deps.said).toEqual(['info: installing 1.1.0 over 1.0.0: 0 new, 4 changed, 0 removed', 'info: recorded: restart pikit-api.service']);
    expect(on.read(PAGE)).toContain('1.1.0');
    expect(on.read('/etc/pikit/version')).toBe('1.1.0\n');
    expect(fs.readdirSync(on.paths.cacheDir)).toEqual(['source']);
    expect(fs.readdirSync(on.paths.privateDir).toSorted()).toEqual(['held.json', 'history.jsonl', 'installed.json', 'service-actions.jsonl']);
    expect(fs.readdirSync(`${on.paths.orders}/next`)).toEqual([]);
    expect(on.files.readState()).toMatchObject({
      current: '1.1.0',
      available: null,
      staged: null,
      backup_path: matching(/^\/var\/backups\/pikit\//),
    });
  });

  it.each([
    ['nothing known', [], '', 'there is nothing to install'],
    ['up to date', ['1.0.0'], '', '1.0.0 is installed and there is nothing newer'],
    ['available, not downloaded', ['1.0.0', '1.1.0'], 'check', '1.1.0 is available but not downloaded yet: run fetch first'],
  ] as const)('says that nothing is staged: %s', async (name, versions, first, message) => {
    const { on } = await onSite(versions.length === 1 ? ['1.0.0', '1.1.0'] : versions);
    if (first === 'check') await check(netDeps(on));
    expect(await apply(rootDeps(on)), name).toEqual({ outcome: 'nothing', message, to: null, recorded: false });
  });

  it('says why nothing was staged', async () => {
    const { on, edit } = await onSite(['1.0.0', '1.1.0']);
    edit((manifest) => ({ ...manifest, requires: { arch: ['armhf'] } }));
    await check(netDeps(on));
    expect(await apply(rootDeps(on))).toMatchObject({
      message: matching(/^there is nothing to install: 1\.1\.0 is for armhf, and this device is arm64(;|$)/),
    });
  });
});

describe('commands of a release', () => {
  const ALLOWED = { toml: '[post_install]\nallow_unsigned = true\n' };
  const RUN = [
    ['helpers/tool', '--to', '2'],
    ['helpers/tool', 'fail'],
  ];

  /** A device with a release whose command writes a secret, and fails where it is told to. */
  async function withCommands(run: readonly string[][]): Promise<Device> {
    const { on, publish } = await onSite(['1.0.0', '1.0.1'], ALLOWED);
    const tool = { data: '#!/bin/sh\necho "to $1"; echo password=hunter2; test "$1" != fail\n', mode: 0o755 };
    await publish('1.1.0', { files: { ...dashboard('1.1.0'), 'helpers/tool': tool }, run: run.map((words) => [...words]) });
    await fetchRelease(netDeps(on));
    return on;
  }

  it('are in the receipt with what they wrote, for root alone', async () => {
    const on = await withCommands(RUN.slice(0, 1));
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'ok' });
    const ran = { command: 'helpers/tool --to 2', lines: ['to --to', 'password=hunter2'] };
    expect(on.files.readHistory().at(-1)).toMatchObject({ outcome: 'ok', commands: [ran] });
    expect(on.files.readState().last_result?.commands).toEqual([{ ...ran, lines: [] }]);
    const open = [on.paths.state, on.paths.published].map((path) => fs.readFileSync(path, 'utf8')).join('');
    expect([open.includes('helpers/tool --to 2'), open.includes('hunter2')]).toEqual([true, false]);
  });

  it('are in the receipt of an update that was undone since', async () => {
    const on = await withCommands(RUN);
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'failed', failure: { code: 'POST_INSTALL_FAILED' } });
    expect(on.files.readHistory().at(-1)).toMatchObject({
      code: 'POST_INSTALL_FAILED',
      commands: [{ command: 'helpers/tool --to 2', lines: ['to --to', 'password=hunter2'] }],
      lines: ['to fail', 'password=hunter2'],
    });
  });
});

describe('files of the owner', () => {
  it('are kept, listed and told: edits, configuration, strangers', async () => {
    const { on, publish } = await onSite([]);
    const files = { ...dashboard('1'), 'helpers/site.conf': 'port = 80\n' };
    await publish('1.0.0', { files, config: ['helpers/site.conf'] });
    await install(on);
    fs.writeFileSync(on.at('/usr/local/bin/site.conf'), 'port = 8080\n');
    fs.writeFileSync(on.at(PAGE), 'mine');
    await publish('1.1.0', { files: { ...dashboard('2'), 'helpers/site.conf': 'port = 80\ntls = true\n' }, config: ['helpers/site.conf'] });
    await fetchRelease(netDeps(on));
    const deps = rootDeps(on);
    await apply(deps);
    expect(on.read('/usr/local/bin/site.conf')).toBe('port = 8080\n');
    expect(on.read('/usr/local/bin/site.conf.pikit-new')).toBe('port = 80\ntls = true\n');
    const backup = on.files.readState().backup_path ?? '';
    expect(on.read(`${backup}/files${PAGE}`)).toBe('mine');
    expect(deps.said.slice(-2)).toEqual([
      matching(new RegExp(`^warning: '${PAGE}' had been edited; the edited file is kept as '/var/lib/pikit/edited/[0-9a-f]{8}${PAGE}'$`)),
      "notice: your version of '/usr/local/bin/site.conf' is kept; the new version is '/usr/local/bin/site.conf.pikit-new'",
    ]);
    expect(on.files.readState().drift).toEqual([PAGE]);
    expect(on.files.readHistory().at(-1)).toMatchObject({ drift: [PAGE], kept: ['/usr/local/bin/site.conf.pikit-new'] });
    await rollback(rootDeps(on));
    expect(on.read(PAGE)).toBe('mine');
    expect(on.read('/usr/local/bin/site.conf.pikit-new')).toBeNull();
  });
});

describe('an update that was cut short', () => {
  function cutShort(on: Device): void {
    const deps = rootDeps(on);
    const installed = readInstalled(deps.place);
    const plan = planChange(deps.place, removal(installed));
    const journal = open(deps.place, { kind: 'apply', from: '1.0.0', to: '1.1.0', branch: 'stable', now: NOW, backup: null }, plan, installed);
    writeJournal(deps.place, { ...journal, phase: 'applying' });
  }

  it('is undone first, the services get the old files, and the update goes on', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    cutShort(on);
    const deps = rootDeps(on);
    expect((await apply(deps)).outcome).toBe('ok');
    expect(deps.said.slice(0, 2)).toEqual([
      'notice: installing 1.1.0 failed: the update was interrupted. The device is still on 1.0.0',
      'info: recorded: restart pikit-api.service with the old files',
    ]);
    expect(on.files.readHistory().map((receipt) => receipt.outcome)).toEqual(['ok', 'rolled-back', 'ok']);
  });

  it('is the last word when there is nothing to install then', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    cutShort(on);
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'nothing', recorded: true });
    expect(on.files.readState().last_result).toMatchObject({ outcome: 'rolled-back' });
  });

  it.each([
    ['and nothing to install', false],
    ['and a release to install over it', true],
  ])('and cannot be undone, %s', async (_name, isStaged) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    if (isStaged) await fetchRelease(netDeps(on));
    cutShort(on);
    const { place } = rootDeps(on);
    const journal = readJournal(place);
    if (journal !== null) wearOut(place, journal);
    const deps = rootDeps(on);
    const applying = apply(deps);
    if (isStaged) expect(await applying).toMatchObject({ outcome: 'ok', to: '1.1.0' });
    else expect(await applying).toMatchObject({ failure: { code: 'BROKEN', hint: containing('install a release again') } });
    const warnings = isStaged ? [matching(/^warning: the update cannot be undone: .*; installing 1\.1\.0 over it$/)] : [];
    expect(deps.said.filter((line) => line.includes('cannot be undone'))).toEqual(warnings);
    expect(on.files.readHistory().map((receipt) => receipt.outcome)).toEqual(['ok', 'broken', ...(isStaged ? ['ok'] : [])]);
  });

  it('is undone even if the configuration cannot be read', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    cutShort(on);
    fs.writeFileSync(on.paths.config, 'source = 1\n');
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(readJournal(rootDeps(on).place)).toBeNull();
    expect(fs.existsSync(on.paths.journal)).toBe(false);
  });
});
