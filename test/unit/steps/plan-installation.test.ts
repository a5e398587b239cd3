import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { apply } from '../../../lib/steps/apply.ts';
import { sha256Of } from '../../../lib/core/digest.ts';
import { check } from '../../../lib/steps/check.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import type { Held } from '../../../lib/core/device/state.ts';
import type { Device } from '../../helpers/device.ts';
import { NOW, netDeps, rootDeps, step } from '../../helpers/device.ts';
import { containing } from '../../helpers/matchers.ts';
import { tryAgain } from '../../helpers/wish.ts';
import { install, onSite } from './published.ts';

function hold(on: Device, reason: Held['versions'][number]['reason'], attempts = 1): void {
  on.files.writeHeld({
    schema: 1,
    versions: [{ version: '1.1.0', reason, code: 'PROBE_FAILED', message: 'no answer', at: NOW.toISOString(), attempts }],
  });
}

const PAGE = '/var/www/pikit-web/index.html';

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
    if (refused)
      expect(result).toMatchObject({
        message: '1.1.0 is held: it failed here before (no answer); `pikit-update apply --version 1.1.0` tries it again',
      });
  });

  it('lets others know which versions are held, so that check knows as well', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    hold(on, 'failed');
    fs.writeFileSync(on.paths.state, 'garbage');
    await step(on, 'apply');
    expect(on.files.readState().held).toHaveLength(1);
    expect((await check(netDeps(on))).message).toContain('is held');
  });

  it('a version that the owner went back from, when the timer started it', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    hold(on, 'rolled-back', 0);
    on.files.writeSettings({ ...on.files.readSettings(), auto: 'install' });
    fs.mkdirSync(`${on.paths.orders}/granted`, { recursive: true });
    fs.writeFileSync(`${on.paths.orders}/granted/apply`, JSON.stringify({ run: 'r', until: 'apply', by: 'timer' }));
    expect(await apply(rootDeps(on))).toMatchObject({
      outcome: 'nothing',
      message: containing('will not be installed automatically because you rolled it back'),
    });
    expect((await apply(rootDeps(on))).outcome).toBe('ok');
  });

  it('not a held version that the owner wants to try again, and forgets the wish then', async () => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    hold(on, 'failed');
    on.files.writeWanted(tryAgain(NOW, '1.1.0'));
    expect((await apply(rootDeps(on))).outcome).toBe('ok');
    expect(on.files.readWanted()).toBeNull();
    expect(on.files.readHeld().versions).toEqual([]);
  });

  it.each(['failed', 'rolled-back'] as const)('a version that the owner wanted to try again, when the timer started it: %s', async (reason) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    hold(on, reason);
    on.files.writeWanted(tryAgain(NOW, '1.1.0'));
    fs.mkdirSync(`${on.paths.orders}/granted`, { recursive: true });
    fs.writeFileSync(`${on.paths.orders}/granted/apply`, JSON.stringify({ run: 'r', until: 'apply', by: 'timer' }));
    expect((await apply(rootDeps(on))).outcome).toBe('nothing');
  });

  it.each([
    ['architecture', { requires: { arch: ['armhf'] } }, 'is for armhf'],
    ['unsigned command', { post_install: [{ run: ['helpers/pikit-hello'] }] }, 'releases are not signed'],
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
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'STAGED_INVALID', message: containing('does not name a version') });
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
