import { describe, expect, it } from 'vitest';
import { closedToHooks, hookPlaces } from '../../../../lib/core/device/hook-places.ts';
import { Manifest } from '../../../../lib/core/release/manifest.ts';
import { DEFAULT_TARGETS } from '../../../../lib/core/release/targets.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { containing } from '../../../helpers/matchers.ts';

function release(...paths: string[]): Manifest {
  return Manifest.parse({ version: '1.0.0', changelog: '', files: paths.map((path) => ({ path, sha256: sha256('') })) });
}

describe('hookPlaces', () => {
  it.each([
    ['folders of targets that the release has files in', ['pikit-web/a/b.js', 'helpers/tool'], ['/var/www/pikit-web', '/usr/local/bin']],
    [
      'a file that is a target of its own, and not the folder that it is in',
      ['pikit-web/index.html', 'pikit-api.py'],
      ['/var/www/pikit-web', '/usr/local/bin/pikit-api.py'],
    ],
    ['no folder that only another release uses', ['pikit-web/index.html'], ['/var/www/pikit-web']],
  ])('are %s', (_what, paths, expected) => {
    const places = hookPlaces(DEFAULT_TARGETS, release(...paths), []).sort();
    // The API script lies in a folder that is a target as well.
    expect(places.filter((place) => place !== '/usr/local/bin' || expected.includes(place))).toEqual(expected.sort());
  });

  it('are what the owner adds, each once', () => {
    expect(hookPlaces(DEFAULT_TARGETS, release('pikit-web/index.html'), ['/var/lib/dashboard/', '/var/www/pikit-web'])).toEqual([
      '/var/www/pikit-web',
      '/var/lib/dashboard',
    ]);
  });
});

describe('closedToHooks', () => {
  it.each([
    '/etc/pikit',
    '/etc',
    '/var',
    '/var/lib/pikit/',
    '/var/lib/pikit-update/x',
    '/var/backups',
    '/var/backups/mine',
    '/run/lock',
    '/home/pi',
    '/etc/ssh/',
    '/usr/lib/pikit-update',
    '/tmp/x',
  ])('refuses %s', (path) => {
    expect(closedToHooks(path)).not.toBeNull();
  });

  it('says why', () => {
    expect(closedToHooks('/var/backups/mine')).toContain("'/var/backups' is kept from them");
    expect(closedToHooks('/home/pi')).toEqual(containing('ProtectHome='));
  });

  it.each(['/var/lib/dashboard', '/srv/data/', '/etc/nginx/conf.d', '/var/www'])('allows %s', (path) => {
    expect(closedToHooks(path)).toBeNull();
  });
});
