import { describe, expect, it } from 'vitest';
import { closedPlace, isOwnPlace } from '../../../../lib/core/device/closed-places.ts';
import { parseConfig } from '../../../../lib/core/device/config.ts';
import { mapToDevice } from '../../../../lib/core/release/targets.ts';
import { containing } from '../../../helpers/matchers.ts';

const OWN = [
  '/etc/pikit/update.toml',
  '/etc/pikit/update.toml.pikit-new',
  '/etc/pikit/update.d/x.toml',
  '/etc/pikit/trust/root.json',
  '/etc/pikit/trust',
  '/etc/pikit/version',
  '/etc/pikit/source-token',
  '/etc/pikit/api-token',
  '/etc/pikit/proxy-token',
  '/etc/pikit/.pikit-1',
  '/etc/pikit',
  '/var/lib/pikit/installed.json',
  '/var/lib/pikit-update/state.json',
  '/var/cache/pikit-update/1.0.0/tree/x',
  '/var/backups/pikit/x',
  '/var/backups/pikit-previous/x',
  '/run/pikit-update.lock',
  '/run/pikit-update/next/apply',
  '/usr/lib/pikit-update/apply.js',
  '/usr/share/pikit-update/nginx.conf',
  '/usr/bin/pikit-update',
  '/usr/local/bin/pikit-update',
  '/usr/local/sbin/pikit-release',
  '/usr/local/bin/node',
  '/usr/local/bin/bash',
  '/etc/systemd/system/pikit-update-apply.service',
  '/etc/systemd/system/pikit-update-apply.service.d/x.conf',
  '/etc/systemd/system/pikit-.service.d/x.conf',
  '/etc/systemd/system/service.d/x.conf',
  '/etc/systemd/system/timers.target.wants/pikit-update.timer',
  '/usr/lib/systemd/system/pikit-update.timer',
  '/etc/tmpfiles.d/pikit-update.conf',
  '/usr/lib/sysusers.d/pikit-update.conf',
  '/etc/polkit-1/rules.d/50-pikit-update.rules',
];

const SPELLINGS = [
  '/etc//pikit/update.toml',
  '//etc/pikit/update.toml',
  '/etc/./pikit/update.toml',
  '/etc/x/../pikit/update.toml',
  '/Etc/PiKit/Update.TOML',
  '/etc/pikit/trust/',
  '/var/run/pikit-update/next/apply',
  '/lib/pikit-update/apply.js',
  '/lib/systemd/system/pikit-update-apply.service',
  '/bin/pikit-update',
  '/sbin/node',
];

describe('what is the updater’s own', () => {
  it.each([...OWN, ...SPELLINGS])('refuses %s', (path) => {
    expect(closedPlace(path)).toMatchObject({ hint: containing('/var/www') });
  });

  it.each([
    '/etc/pikit/dashboard.conf',
    '/etc/pikit/themes/x',
    '/etc/pikit/',
    '/etc/pikit/trusted-hosts',
    '/etc/pikit/versions/1',
    '/var/lib/pikit-dashboard/x',
    '/var/lib/',
    '/usr/local/bin/pikit-api.py',
    '/usr/local/bin/pikit-temperature',
    '/usr/local/bin/sudo',
    '/usr/local/bin/tools/node',
    '/var/www/pikit-web/pikit-updates.js',
    '/var/www/pikit-web/node',
    '/usr/share/dietpi-dashboard/pikit-updates.js',
    '/etc/systemd/system/pikit-api.service',
    '/etc/systemd/system/pikit-api.service.d/x.conf',
    '/rootfs/x',
    '/homepage/x',
    '/running/x',
  ])('allows %s', (path) => {
    expect(closedPlace(path)).toBeNull();
    expect(isOwnPlace(path)).toBe(false);
  });
});

describe('what the units cannot write to', () => {
  it.each([
    ['/home/pi/www/', /ProtectHome/],
    ['/root/www/', /ProtectHome/],
    ['/run/user/1000/x', /empty after every start/],
    ['/var/run/x', /empty after every start/],
    ['/run/lock/x', /empty after every start/],
    ['/tmp/www/', /PrivateTmp/],
    ['/var/tmp/www/', /PrivateTmp/],
    ['/proc/sys/kernel/core_pattern', /no files of a disk/],
    ['/sys/x', /no files of a disk/],
    ['/dev/shm/x', /no files of a disk/],
  ])('refuses %s', (path, why) => {
    expect(closedPlace(path)?.why).toMatch(why);
    expect(isOwnPlace(path)).toBe(false);
  });
});

describe('a target that leads there', () => {
  const source = { type: 'static', url: 'https://updates.example.org/pikit' };

  it.each([
    ['/etc/pikit/trust/', 'trust'],
    ['/var/lib/pikit-update/', 'what the updater keeps'],
    ['/home/pi/pikit-web/', 'ProtectHome='],
    ['/tmp/pikit-web/', 'PrivateTmp='],
  ])('is refused in the configuration, with its key and value: %s', (to, why) => {
    expect(() => parseConfig({ source, target: [{ from: 'pikit-web/', to }] }, 'update.toml')).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: containing(`'target[0].to' is "${to}": cannot be a target`) }),
    );
    expect(closedPlace(to)?.why).toContain(why);
  });

  it('may be a directory above, and each path of a release is looked at', () => {
    const { target } = parseConfig({ source, target: [{ from: 'etc/', to: '/etc/pikit/' }] }, 'update.toml');
    expect(mapToDevice(['etc/dashboard.conf'], target).get('etc/dashboard.conf')).toBe('/etc/pikit/dashboard.conf');
    expect(() => mapToDevice(['etc/trust/root.json'], target)).toThrow(
      expect.objectContaining({
        code: 'PATH_REFUSED',
        message: containing("'etc/trust/root.json' as '/etc/pikit/trust/root.json'"),
        hint: containing('[[target]]'),
      }),
    );
  });
});
