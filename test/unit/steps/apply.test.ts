import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { apply } from '../../../lib/steps/apply.ts';
import { sha256Of } from '../../../lib/steps/cached-document.ts';
import { check } from '../../../lib/steps/check.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import type { Held } from '../../../lib/core/state.ts';
import type { Services } from '../../../lib/io/services.ts';
import { readJournal, writeJournal } from '../../../lib/transaction/journal.ts';
import { open } from '../../../lib/transaction/transaction.ts';
import { planChange } from '../../../lib/transaction/plan.ts';
import { readInstalled } from '../../../lib/transaction/installed.ts';
import type { Device } from '../../helpers/device.ts';
import { NOW, netDeps, rootDeps } from '../../helpers/device.ts';
import { containing, matching } from '../../helpers/matchers.ts';
import { dashboard } from '../../helpers/site-builder.ts';
import { removal, wearOut } from './changes.ts';
import { install, onSite } from './published.ts';
import { status } from './site-server.ts';

function hold(on: Device, reason: Held['versions'][number]['reason'], attempts = 1): void {
  on.files.writeHeld({
    schema: 1,
    versions: [{ version: '1.1.0', reason, code: 'PROBE_FAILED', message: 'no answer', at: NOW.toISOString(), attempts }],
  });
}

const PAGE = '/var/www/pikit-web/index.html';

describe('apply', () => {
  it('installs what is staged, says what it did, and tidies up', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    const deps = rootDeps(on);
    expect(await apply(deps)).toEqual({ outcome: 'ok', message: '1.1.0 is installed', from: '1.0.0', to: '1.1.0', recorded: true });
    expect(deps.said).toEqual(['info: installing 1.1.0 over 1.0.0: 0 new, 4 changed, 0 removed', 'info: took note to restart pikit-api.service']);
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
    ['available, not downloaded', ['1.0.0', '1.1.0'], 'check', '1.1.0 is available, and not downloaded yet: run fetch first'],
  ] as const)('says that nothing is staged: %s', async (name, versions, first, message) => {
    const { on } = await onSite(versions.length === 1 ? ['1.0.0', '1.1.0'] : versions);
    if (first === 'check') await check(netDeps(on));
    expect(await apply(rootDeps(on)), name).toEqual({ outcome: 'nothing', message, to: null, recorded: false });
  });

  it('says why nothing was staged', async () => {
    const { on, edit } = await onSite(['1.0.0', '1.1.0']);
    edit((manifest) => ({ ...manifest, requires: { arch: ['armhf'] } }));
    await check(netDeps(on));
    expect((await apply(rootDeps(on))).message).toMatch(/^there is nothing to install: 1\.1\.0 is for armhf, and this device is arm64(;|$)/);
  });
});

describe('what apply refuses', () => {
  it.each([
    ['equal', '1.1.0', '1.1.0 is installed'],
    ['older', '1.2.0', '1.1.0 is older than 1.2.0, which is installed'],
    ['older than a build', '1.2.0+5', '1.1.0 is older than 1.2.0+5, which is installed'],
  ])('a version that is %s, and drops it', async (_name, current, message) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    fs.writeFileSync(on.paths.version, `${current}\n`);
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'nothing', message });
    expect(on.files.readStaged()).toBeNull();
    expect(on.files.readState().staged).toBeNull();
    expect(on.read(PAGE)).toContain('1.0.0');
  });

  it('a version that is installed, though the version file is damaged: the backup of the one before would go', async () => {
    const { on, publish } = await onSite(['1.0.0', '1.1.0']);
    await install(on);
    const backups = fs.readdirSync(on.paths.backupDir);
    fs.writeFileSync(on.paths.version, 'garbage\n');
    on.files.writeState({ ...on.files.readState(), current: null });
    await fetchRelease(netDeps(on));
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'nothing', message: '1.1.0 is installed' });
    expect(fs.readdirSync(on.paths.backupDir)).toEqual(backups);
    await publish('1.2.0');
    await check(netDeps(on));
    await install(on);
    expect(on.files.readVersion()).toBe('1.2.0');
  });

  it.each([
    ['failed here', 'failed', 1, true],
    ['interrupted three times', 'attempts', 3, true],
    ['interrupted twice', 'attempts', 2, false],
    ['gone back from', 'rolled-back', 0, false],
  ] as const)('a held version: %s', async (_name, reason, attempts, refused) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    hold(on, reason, attempts);
    const result = await apply(rootDeps(on));
    expect(result.outcome).toBe(refused ? 'nothing' : 'ok');
    if (refused) expect(result.message).toBe('1.1.0 is held: it failed here before (no answer); `pikit-update apply --version 1.1.0` tries it again');
  });

  it('tells the state which versions are held, so that check knows as well', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    hold(on, 'failed');
    fs.writeFileSync(on.paths.state, 'garbage');
    await apply(rootDeps(on));
    expect(on.files.readState().held).toHaveLength(1);
    expect((await check(netDeps(on))).message).toContain('is held');
  });

  it('a version that the owner went back from, when the timer started it', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    hold(on, 'rolled-back', 0);
    fs.mkdirSync(`${on.paths.orders}/granted`, { recursive: true });
    fs.writeFileSync(`${on.paths.orders}/granted/apply`, JSON.stringify({ run: 'r', until: 'apply', by: 'timer' }));
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'nothing', message: containing('is not installed by itself: you went back from it') });
    expect((await apply(rootDeps(on))).outcome).toBe('ok');
  });

  it('not a held version that the owner wants to try again, and forgets the wish then', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    hold(on, 'failed');
    on.files.writeRetry('1.1.0');
    expect((await apply(rootDeps(on))).outcome).toBe('ok');
    expect(on.files.readRetry()).toBeNull();
    expect(on.files.readHeld().versions).toEqual([]);
  });

  it.each(['failed', 'rolled-back'] as const)('a version that the owner wanted to try again, when the timer started it: %s', async (reason) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    hold(on, reason);
    on.files.writeRetry('1.1.0');
    fs.mkdirSync(`${on.paths.orders}/granted`, { recursive: true });
    fs.writeFileSync(`${on.paths.orders}/granted/apply`, JSON.stringify({ run: 'r', until: 'apply', by: 'timer' }));
    expect((await apply(rootDeps(on))).outcome).toBe('nothing');
  });

  it.each([
    ['architecture', { requires: { arch: ['armhf'] } }, 'is for armhf'],
    ['unsigned command', { post_install: [{ run: ['helpers/pikit-hello'] }] }, 'releases are not signed here'],
  ])('an incompatible release, whatever fetch thought: %s', async (_name, change, why) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    const file = `${on.paths.cacheDir}/1.1.0/manifest.json`;
    const value: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
    const text = JSON.stringify({ ...(typeof value === 'object' ? value : {}), ...change });
    fs.writeFileSync(file, text);
    const staged = on.files.readStaged();
    if (staged !== null) on.files.writeStaged({ ...staged, manifest_sha256: sha256Of(Buffer.from(text)) });
    // The state file belongs to the network's user: root does not ask it whether releases are signed.
    on.files.writeState({ ...on.files.readState(), unsigned: false });
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'RELEASE_INCOMPATIBLE', message: containing(why) });
    expect(on.read(PAGE)).toContain('1.0.0');
  });

  const DAMAGE: readonly [string, (dir: string) => void, string][] = [
    [
      'a byte of a file',
      (dir) => {
        fs.writeFileSync(`${dir}/tree/pikit-api.py`, fs.readFileSync(`${dir}/tree/pikit-api.py`, 'utf8').replace('1.1.0', '6.6.6'));
      },
      'DIGEST_MISMATCH',
    ],
    [
      'the length of a file',
      (dir) => {
        fs.appendFileSync(`${dir}/tree/pikit-api.py`, 'x');
      },
      'STAGED_INVALID',
    ],
    [
      'a missing file',
      (dir) => {
        fs.rmSync(`${dir}/tree/pikit-web/assets/app.js`);
      },
      'STAGED_INVALID',
    ],
    [
      'a missing tree',
      (dir) => {
        fs.rmSync(`${dir}/tree`, { recursive: true });
      },
      'STAGED_INVALID',
    ],
    [
      'everything missing',
      (dir) => {
        fs.rmSync(dir, { recursive: true });
      },
      'STAGED_INVALID',
    ],
    [
      'a link in place of a file',
      (dir) => {
        fs.rmSync(`${dir}/tree/pikit-api.py`);
        fs.symlinkSync('/etc/passwd', `${dir}/tree/pikit-api.py`);
      },
      'STAGED_INVALID',
    ],
    [
      'a missing manifest',
      (dir) => {
        fs.rmSync(`${dir}/manifest.json`);
      },
      'STAGED_INVALID',
    ],
    [
      'another manifest',
      (dir) => {
        fs.appendFileSync(`${dir}/manifest.json`, ' ');
      },
      'STAGED_INVALID',
    ],
    [
      'a folder in place of the manifest',
      (dir) => {
        fs.rmSync(`${dir}/manifest.json`);
        fs.mkdirSync(`${dir}/manifest.json`);
      },
      'STAGED_INVALID',
    ],
    [
      'a link in place of the manifest',
      (dir) => {
        fs.renameSync(`${dir}/manifest.json`, `${dir}/m`);
        fs.symlinkSync('m', `${dir}/manifest.json`);
      },
      'STAGED_INVALID',
    ],
    [
      'a file in place of the folder',
      (dir) => {
        fs.rmSync(dir, { recursive: true });
        fs.writeFileSync(dir, '');
      },
      'STAGED_INVALID',
    ],
  ];

  it.each(DAMAGE)('staging that is damaged, and drops it: %s', async (_name, damage, code) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    const before = on.tree();
    damage(`${on.paths.cacheDir}/1.1.0`);
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code, hint: containing('') });
    expect(on.tree()).toEqual(before);
    expect(on.files.readStaged()).toBeNull();
    expect(fs.readdirSync(on.paths.cacheDir)).toEqual(['source']);
    expect(on.files.readHeld().versions).toEqual([]);
    expect((await fetchRelease(netDeps(on))).outcome).toBe('ok');
    expect((await apply(rootDeps(on))).outcome).toBe('ok');
  });

  it.each(['../../etc', '1.1.0/../1.1.0', '', '.'])('a mark that names the folder %j', async (version) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    const staged = on.files.readStaged();
    if (staged !== null) on.files.writeStaged({ ...staged, version });
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'STAGED_INVALID', message: containing('no version') });
    expect(on.files.readStaged()).toBeNull();
  });

  it('never follows a link when it drops what a user staged', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    const dir = `${on.paths.cacheDir}/1.1.0`;
    fs.rmSync(`${dir}/tree/pikit-web`, { recursive: true });
    fs.symlinkSync(on.at('/var/www/pikit-web'), `${dir}/tree/pikit-web`);
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'STAGED_INVALID' });
    expect(on.read(PAGE)).toContain('1.0.0');
    expect(fs.existsSync(dir)).toBe(false);
  });

  it('a FIFO in place of the manifest, and does not wait for a writer', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    fs.rmSync(`${on.paths.cacheDir}/1.1.0/manifest.json`);
    execFileSync('mkfifo', [`${on.paths.cacheDir}/1.1.0/manifest.json`]);
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'STAGED_INVALID' });
  });
});

describe('a release that does not work here', () => {
  it('is undone to exactly the old files, held, and explained once', async () => {
    const { on, server } = await onSite(['1.0.0', '1.1.0']);
    server.answer('/health', status(502));
    on.configure({ url: server.url, health: [`${server.url}health`], healthTimeout: '300ms' });
    await fetchRelease(netDeps(on));
    const before = on.tree();
    const deps = rootDeps(on);
    await expect(apply(deps)).rejects.toMatchObject({
      name: 'UpdateError',
      code: 'PROBE_FAILED',
      subject: `${server.url}health`,
      message: containing('did not answer as it should within 0.3 s: '),
    });
    expect(on.tree()).toEqual(before);
    expect(deps.said).toEqual([
      'info: installing 1.1.0 over 1.0.0: 0 new, 4 changed, 0 removed',
      'info: took note to restart pikit-api.service',
      'notice: 1.1.0 does not work here: going back to 1.0.0',
      'notice: went back: the files are those of 1.0.0 again',
      'info: took note to restart pikit-api.service with the old files',
    ]);
    const history = on.files.readHistory();
    expect(history.at(-1)).toMatchObject({
      step: 'apply',
      outcome: 'rolled-back',
      code: 'PROBE_FAILED',
      subject: `${server.url}health`,
      from: '1.0.0',
      to: '1.1.0',
    });
    expect(history.filter((receipt) => receipt.to === '1.1.0')).toHaveLength(1);
    expect(on.files.readState()).toMatchObject({ current: '1.0.0', held: [{ version: '1.1.0', reason: 'failed' }], last_result: history.at(-1) });
    expect((await apply(rootDeps(on))).message).toContain('is held');
    expect((await check(netDeps(on))).message).toContain('1.1.0 is held: it failed here before');
  });

  it('is undone with the services left as they were when its preparation was stopped', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    const before = on.tree();
    const actions = on.read('/var/lib/pikit/service-actions.jsonl');
    const stop = new AbortController();
    let breaths = 0;
    const deps = rootDeps(on, {
      signal: stop.signal,
      breathe: () => {
        breaths += 1;
        // The first is before anything is prepared, the second before the first rename.
        if (breaths === 2) stop.abort();
        return Promise.resolve();
      },
    });
    await expect(apply(deps)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(on.tree()).toEqual(before);
    expect(on.read('/var/lib/pikit/service-actions.jsonl')).toBe(actions);
    expect(deps.said.filter((line) => line.includes('went back'))).toEqual([]);
    expect(on.files.readHistory().at(-1)).toMatchObject({ outcome: 'cancelled' });
    expect(on.files.readHeld().versions).toEqual([]);
  });

  it('is undone without a verdict when it was stopped in the middle', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    const before = on.tree();
    const stop = new AbortController();
    const deps = rootDeps(on, {
      signal: stop.signal,
      report: (progress) => {
        if (progress.phase === 'checking-health') stop.abort();
      },
    });
    await expect(apply(deps)).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(on.tree()).toEqual(before);
    expect(on.files.readHeld().versions).toEqual([]);
    expect(on.files.readHistory().at(-1)).toMatchObject({ outcome: 'cancelled', code: 'CANCELLED' });
    expect((await apply(rootDeps(on))).outcome).toBe('ok');
  });

  it('is undone although the services do not start with the old files either', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    const before = on.tree();
    const down: Services = {
      restarts: 'restarted',
      meantToRun: () => Promise.resolve([]),
      restart: () =>
        Promise.reject(
          new UpdateError('SERVICE_FAILED', "'pikit-api.service' did not start (failed)", { subject: 'pikit-api.service', lines: ['boom'] }),
        ),
      connect: () => Promise.resolve(),
      reloadWebServer: () => Promise.resolve(null),
      assertActive: () => Promise.resolve(),
      close: () => undefined,
    };
    const deps = rootDeps(on, { services: () => down });
    await expect(apply(deps)).rejects.toMatchObject({ code: 'SERVICE_FAILED', lines: ['boom'] });
    expect(on.tree()).toEqual(before);
    expect(deps.said.at(-1)).toBe("warning: after going back: 'pikit-api.service' did not start (failed), ignoring");
    expect(on.files.readHistory().at(-1)).toMatchObject({ code: 'SERVICE_FAILED', subject: 'pikit-api.service', lines: ['boom'] });
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
      "notice: your version of '/usr/local/bin/site.conf' stays; the new one is '/usr/local/bin/site.conf.pikit-new'",
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
      'notice: 1.1.0 was not installed: the update was interrupted; the device is on 1.0.0 as before',
      'info: took note to restart pikit-api.service with the old files',
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
    else await expect(applying).rejects.toMatchObject({ code: 'BROKEN', hint: containing('install a release again') });
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
