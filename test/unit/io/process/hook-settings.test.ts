import { describe, expect, it } from 'vitest';
import { hookSettings } from '../../../../lib/io/process/hook-settings.ts';

const settings = hookSettings(
  { command: ['/usr/local/bin/x', 'a b', '$c'], places: ['/var/www/pikit-web'], timeoutMs: 1500, output: '/run/o.sock' },
  ['/run/dbus', '/run/systemd/private'],
);
const valueOf = (name: string): unknown[] => settings.filter((setting) => setting.name === name).map(({ value }) => value);

describe('hookSettings', () => {
  it('starts the file with its arguments as they are', () => {
    expect(valueOf('ExecStartEx')).toEqual([[['/usr/local/bin/x', ['/usr/local/bin/x', 'a b', '$c'], ['no-env-expand']]]]);
    expect(valueOf('TimeoutStartUSec')).toEqual([1_500_000n]);
    expect(valueOf('StandardOutputFile')).toEqual(['/run/o.sock']);
  });

  it('leaves nothing writable but its places, and hides what is not its business', () => {
    expect(valueOf('ProtectSystem')).toEqual(['strict']);
    expect(valueOf('ReadWritePaths')).toEqual([['/var/www/pikit-web']]);
    const hidden = valueOf('InaccessiblePaths').flat();
    for (const place of [
      '/etc/pikit',
      '/var/lib/pikit',
      '/var/lib/pikit-update',
      '/var/cache/pikit-update',
      '/var/backups',
      '/run/dbus',
      '/run/systemd/private',
    ])
      expect(hidden).toContain(`-${place}`);
  });

  it('has no capability, no network and no socket', () => {
    expect(valueOf('CapabilityBoundingSet')).toEqual([0n]);
    expect(valueOf('PrivateNetwork')).toEqual([true]);
    expect(valueOf('RestrictAddressFamilies')).toEqual([[true, []]]);
    expect(valueOf('NoNewPrivileges')).toEqual([true]);
  });

  it('allows system calls first, then takes some away, and gives one group back', () => {
    expect(valueOf('SystemCallFilter')).toEqual([
      [true, ['@system-service']],
      [false, ['@privileged', '@resources', 'io_uring_setup', 'io_uring_enter', 'io_uring_register']],
      [true, ['@chown']],
    ]);
  });
});
