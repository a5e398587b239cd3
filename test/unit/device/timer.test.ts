import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TimerDeps } from '../../../lib/device/timer.ts';
import { dropIn, parseChoice, setTimer } from '../../../lib/device/timer.ts';
import { devicePaths } from '../../../lib/core/device/paths.ts';
import { connectSystemd } from '../../../lib/io/bus/systemd.ts';
import type { FakeSystemd } from '../../helpers/fake-systemd.ts';
import { fakeSystemd, hasBus } from '../../helpers/fake-systemd.ts';
import { containing, matching } from '../../helpers/matchers.ts';
import { folderOfTest } from '../../helpers/temp.ts';

let root = '';
let deps: TimerDeps;
let dropInFile = '';
beforeEach(() => {
  root = folderOfTest('timer');
  deps = { paths: devicePaths(root), systemd: null };
  dropInFile = join(root, 'etc/systemd/system/pikit-update.timer.d/time.conf');
  fs.mkdirSync(deps.paths.stateDir, { recursive: true });
});

function settings(value: unknown): void {
  fs.writeFileSync(deps.paths.settings, typeof value === 'string' ? value : JSON.stringify(value));
}

describe('parseChoice', () => {
  it.each(['off', 'check', 'download', 'install'])('takes %s', (choice) => {
    expect(parseChoice([choice])).toBe(choice);
  });

  it.each([[[]], [['never']], [['off', 'check']], [['']], [['check\n']]])('refuses %j', (args) => {
    expect(() => parseChoice(args)).toThrow(expect.objectContaining({ code: 'USAGE', hint: 'allowed: off, check, download, install' }));
  });
});

describe('setTimer', () => {
  it('writes the time, again and again the same', async () => {
    settings({ auto: 'install', time: '05:10' });
    for (let run = 1; run <= 2; run += 1) expect(await setTimer('install', deps)).toMatchObject({ auto: 'install', time: '05:10' });
    expect(fs.readFileSync(dropInFile, 'utf8')).toBe(
      "# Written by 'pikit-update auto': the time of the daily check.\n[Timer]\nOnCalendar=\nOnCalendar=*-*-* 05:10\n",
    );
    expect(fs.statSync(dropInFile).mode & 0o777).toBe(0o644);
    expect(fs.readdirSync(dirname(dropInFile))).toEqual(['time.conf']);
  });

  it('takes the defaults where nothing was chosen', async () => {
    await setTimer('check', deps);
    expect(fs.readFileSync(dropInFile, 'utf8')).toBe(dropIn('04:20'));
  });

  it.each([
    ['another-choice', { auto: 'check' }, /^'install' was requested, but '.*' says 'check'$/],
    ['no-time', { auto: 'install', time: '4:20' }, /'time'.*: must be a time of day/],
    ['lines-in-the-time', { auto: 'install', time: '04:20\nOnBootSec=1' }, /'time'/],
    ['unknown-key', { auto: 'install', run: 'x' }, /settings\.json/],
    ['no-json', '{', /not valid JSON/],
  ])('refuses %s, and writes nothing', async (_name, value, message) => {
    settings(value);
    await expect(setTimer('install', deps)).rejects.toMatchObject({ code: 'SETTINGS_INVALID', message: matching(message) });
    expect(fs.existsSync(dropInFile)).toBe(false);
    expect(fs.existsSync(deps.paths.settings)).toBe(true);
  });

  it('reads through no symbolic link, and writes through none', async () => {
    const elsewhere = join(root, 'elsewhere');
    fs.writeFileSync(elsewhere, JSON.stringify({ auto: 'off' }));
    fs.symlinkSync(elsewhere, deps.paths.settings);
    await expect(setTimer('off', deps)).rejects.toMatchObject({ code: 'SETTINGS_INVALID', message: containing('symbolic link') });
    fs.rmSync(deps.paths.settings);
    settings({ auto: 'off' });
    fs.mkdirSync(dirname(dropInFile), { recursive: true });
    fs.symlinkSync(elsewhere, dropInFile);
    fs.symlinkSync(elsewhere, `${dropInFile}.tmp`);
    await setTimer('off', deps);
    expect(fs.readFileSync(elsewhere, 'utf8')).toBe('{"auto":"off"}');
    expect(fs.lstatSync(dropInFile).isFile()).toBe(true);
  });
});

describe.skipIf(!hasBus)('with systemd (skipped without dbus-daemon)', () => {
  let fake: FakeSystemd;
  beforeEach(async () => {
    fake = await fakeSystemd();
    deps = { ...deps, systemd: connectSystemd };
  });
  afterEach(async () => {
    await fake.stop();
  });

  it.each([
    ['off', ['DisableUnitFiles pikit-update.timer false', 'Reload', 'StopUnit pikit-update.timer replace']],
    ['check', ['EnableUnitFiles pikit-update.timer false true', 'Reload', 'RestartUnit pikit-update.timer replace']],
  ] as const)('%s', async (choice, calls) => {
    settings({ auto: choice });
    await setTimer(choice, deps);
    expect(fake.calls).toEqual(['Subscribe', ...calls]);
    expect(fs.existsSync(dropInFile)).toBe(true);
  });

  it('counts from now: what was missed while it was off, or is past today at a new time, is not made up for', async () => {
    const stamp = `${deps.paths.root}/var/lib/systemd/timers/stamp-pikit-update.timer`;
    settings({ auto: 'install' });
    await setTimer('install', deps);
    expect(fs.existsSync(stamp), 'systemd makes its own folder').toBe(false);
    fs.mkdirSync(dirname(stamp), { recursive: true });
    for (const earlier of [null, new Date('2026-11-01T04:20:00Z')]) {
      if (earlier !== null) fs.utimesSync(stamp, earlier, earlier);
      const began = Date.now();
      await setTimer('install', deps);
      expect(fs.statSync(stamp).mtimeMs).toBeGreaterThanOrEqual(began - 1);
      expect(fs.statSync(stamp).mtimeMs).toBeLessThanOrEqual(Date.now() + 1);
    }
  });

  it('fails when the timer does not start', async () => {
    fake.job = () => 'failed';
    await expect(setTimer('check', deps)).rejects.toMatchObject({
      code: 'STEP_FAILED',
      message: "failed to start 'pikit-update.timer' (failed)",
    });
  });

  it('fails when the unit may not be enabled', async () => {
    fake.refusals.set('EnableUnitFiles', ['org.freedesktop.DBus.Error.AccessDenied', 'Access denied']);
    await expect(setTimer('check', deps)).rejects.toMatchObject({ code: 'PERMISSION' });
  });
});
