import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Manifest } from '../../../../lib/core/release/manifest.ts';
import type { Room } from '../../../../lib/core/device/disk-space.ts';
import { assertSpaceForDownload } from '../../../../lib/steps/source/download-space.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import type { Device } from '../../../helpers/device.ts';
import { device, netDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';

const MIB = 1024 * 1024;
const OLD = Buffer.alloc(MIB, 1);
const NEW = Buffer.alloc(MIB, 2);

/** One file of 1 MiB that changes, one that does not, in a bundle of 1 MiB. */
const MANIFEST = Manifest.parse({
  version: '2.0.0',
  changelog: '',
  files: [
    { path: 'pikit-web/a.bin', sha256: sha256(NEW), size: MIB },
    { path: 'pikit-web/b.bin', sha256: sha256(OLD), size: MIB },
  ],
  bundle: { name: 'b.tar.gz', size: MIB, sha256: sha256('') },
});

function installed(): Device {
  const on = device();
  fs.mkdirSync(on.at('/var/www/pikit-web'), { recursive: true });
  fs.writeFileSync(on.at('/var/www/pikit-web/a.bin'), OLD);
  fs.writeFileSync(on.at('/var/www/pikit-web/b.bin'), OLD);
  return on;
}

/** Staging, targets and backups on filesystems of their own, with this much room. */
function attempt(on: Device, room: Partial<Record<'cache' | 'www' | 'backups', Partial<Room>>>, manifest = MANIFEST): void {
  const deps = netDeps(on, {
    freeSpace: (path) => {
      const name = path.startsWith(on.paths.cacheDir) ? 'cache' : path.startsWith(on.paths.backupDir) ? 'backups' : 'www';
      return { device: name.length, dir: `/${name}`, bytes: 100 * MIB, inodes: 1000, ...room[name] };
    },
  });
  assertSpaceForDownload(deps, deps.loadConfig(), manifest, `${on.paths.cacheDir}/2.0.0/bundle.tar.gz`);
}

describe('assertRoomFor', () => {
  it.each([
    ['all of it', {}, null],
    ['staging: two files, the bundle and the reserve', { cache: { bytes: 4 * MIB } }, null],
    ['staging, one byte less', { cache: { bytes: 4 * MIB - 1 } }, ['NO_SPACE', '/cache']],
    ['targets: the file that changes and the reserve', { www: { bytes: 2 * MIB } }, null],
    ['targets, one byte less', { www: { bytes: 2 * MIB - 1 } }, ['NO_SPACE', '/www']],
    ['backups: a copy of the old one and the reserve', { backups: { bytes: 2 * MIB } }, null],
    ['backups, one byte less', { backups: { bytes: 2 * MIB - 1 } }, ['NO_SPACE', '/backups']],
    ['inodes for staging', { cache: { inodes: 23 } }, ['NO_INODES', '/cache']],
  ] as const)('counts on each filesystem: %s', (_name, room, expected) => {
    const on = installed();
    if (expected === null) attempt(on, room);
    else
      expect(() => {
        attempt(on, room);
      }).toThrow(expect.objectContaining({ code: expected[0], subject: expected[1], hint: containing('nothing was changed') }));
  });

  it('counts what is left of a download only', () => {
    const on = installed();
    fs.mkdirSync(`${on.paths.cacheDir}/2.0.0`, { recursive: true });
    fs.writeFileSync(`${on.paths.cacheDir}/2.0.0/bundle.tar.gz.partial`, NEW);
    attempt(on, { cache: { bytes: 3 * MIB } });
  });

  it('refuses a bundle over the limit, with both numbers', () => {
    const on = installed();
    on.configure({ toml: 'bundle_bytes = "512KiB"' });
    expect(() => {
      attempt(on, {});
    }).toThrow(
      expect.objectContaining({
        code: 'RESPONSE_TOO_LARGE',
        message: 'the bundle has 1.0 MiB, limits.bundle_bytes allows 512.0 KiB',
        hint: containing('limits.bundle_bytes'),
      }),
    );
  });

  it('takes a manifest without sizes as it is: apply counts again', () => {
    const bare = Manifest.parse({ version: '2.0.0', changelog: '', files: [{ path: 'pikit-web/a.bin', sha256: sha256(NEW) }] });
    attempt(installed(), { cache: { bytes: 2 * MIB } }, bare);
  });
});
