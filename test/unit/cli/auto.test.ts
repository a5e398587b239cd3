import fs from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { autoCommand } from '../../../lib/cli/auto.ts';
import { UpdateError } from '../../../lib/core/errors.ts';
import { NOW, cliDevice } from '../../helpers/cli-device.ts';

describe('auto', () => {
  it('shows the setting, and when it happens next', async () => {
    const device = cliDevice();
    expect(await device.run('auto')).toEqual({ exit: 0, out: 'checks daily at about 04:20; you install\n', err: '' });
    const units = { ...(await device.deps.units()), nextElapse: () => Promise.resolve(new Date(NOW.getTime() + 2 * 3_600_000)) };
    const done = await autoCommand({ ...device.deps, units: () => Promise.resolve(units) }, { json: false, auto: null, time: null });
    expect(done.json).toEqual({ auto: 'check', time: '04:20', next_check: '2026-11-20T14:00:00.000Z' });
    expect(device.printed().out).toContain('; next: in 2 hours (');
    expect(device.asked).toEqual([]);
  });

  it('shows it without systemd, too', async () => {
    const device = cliDevice();
    const units = () => Promise.reject(new UpdateError('SYSTEMD_UNAVAILABLE', 'no bus'));
    expect(await autoCommand({ ...device.deps, units }, { json: true, auto: null, time: null })).toMatchObject({
      exit: 0,
      json: { next_check: null },
    });
  });

  it('sets one thing and keeps the others', async () => {
    const device = cliDevice();
    device.deps.files.writeSettings({ branch: 'beta', auto: 'check', time: '04:20', skipped_version: '1.3.9' });
    expect(await device.run('auto install --time 05:10')).toMatchObject({
      exit: 0,
      out: 'checks daily at about 05:10 and installs new releases\n',
    });
    expect(device.deps.files.readSettings()).toEqual({ branch: 'beta', auto: 'install', time: '05:10', skipped_version: '1.3.9' });
    expect(await device.run('auto --time 06:00 --json')).toMatchObject({ exit: 0 });
    expect(device.asked).toEqual(['start pikit-update-auto@install.service', 'start pikit-update-auto@install.service']);
  });

  it('says when it lets the timer install releases that are not signed', async () => {
    const device = cliDevice();
    const warning = /^warning: releases are not signed on this device: whatever the source offers is installed; `pikit-update trust`/;
    expect((await device.run('auto install')).err).toMatch(warning);
    expect((await device.run('auto download')).err).toBe('');
    fs.mkdirSync(dirname(device.deps.paths.trustRoot), { recursive: true });
    fs.writeFileSync(device.deps.paths.trustRoot, '{}');
    expect((await device.run('auto install')).err).toBe('');
  });

  it('has set it before the unit starts, and puts it back when that fails', async () => {
    const device = cliDevice();
    const seen: string[] = [];
    device.onStart = () => {
      seen.push(device.deps.files.readSettings().auto);
      return 'failed';
    };
    expect(await device.run('auto off')).toEqual({
      exit: 1,
      out: '',
      err: "error: 'pikit-update-auto@off.service' ended with 'failed'; the setting was not changed\nhint: `journalctl -u pikit-update-auto@off.service` shows why\n",
    });
    expect(seen).toEqual(['off']);
    expect(device.deps.files.readSettings().auto).toBe('check');
  });
});
