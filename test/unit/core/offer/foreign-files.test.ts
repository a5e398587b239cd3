import { describe, expect, it } from 'vitest';
import { confirmCommand, foreignFiles, isShared } from '../../../../lib/core/offer/foreign-files.ts';

const DEFAULTS = [
  { from: 'pikit-web/', to: '/var/www/pikit-web/' },
  { from: 'pikit-api.py', to: '/usr/local/bin/pikit-api.py' },
  { from: 'helpers/', to: '/usr/local/bin/' },
];

describe('isShared', () => {
  it.each([
    ['/var/www/pikit-web/index.html', false],
    ['/usr/local/bin/pikit-api.py', false],
    ['/usr/local/bin/tool', true],
    ['/usr/local/bin/sub/tool', true],
    ['/somewhere/else', true],
  ])('with the default targets, %s: %s', (path, shared) => {
    expect(isShared(path, DEFAULTS)).toBe(shared);
  });

  it.each([
    ['/opt/pikit/', false],
    ['/srv/pikit/web/', false],
    ['/usr/local/lib/pikit/', false],
    ['/usr/share/pikit/', false],
    ['/var/lib/dashboard/', false],
    ['/mnt/disk/web/', false],
    ['/data/', false],
    ['/var/www/', true],
    ['/srv/', true],
    ['/opt/', true],
    ['/usr/bin/', true],
    ['/usr/local/bin/', true],
    ['/usr/local/sbin/', true],
    ['/usr/local/lib/', true],
    ['/usr/local/', true],
    ['/usr/', true],
    ['/etc/nginx/', true],
    ['/etc/', true],
    ['/var/spool/cron/', true],
    ['/var/', true],
    ['/', true],
  ])('with a target for the folder %s: %s', (to, shared) => {
    expect(isShared(`${to}any`, [{ from: 'x/', to }])).toBe(shared);
  });
});

describe('foreignFiles', () => {
  it('says which the owner has to confirm, and what is not known', () => {
    const files = [
      { path: '/usr/local/bin/tool', sha256: 'a'.repeat(64) },
      { path: '/var/www/pikit-web/x', sha256: '' },
    ];
    expect(foreignFiles(files, DEFAULTS)).toEqual([
      { path: '/usr/local/bin/tool', sha256: 'a'.repeat(64), confirm: true },
      { path: '/var/www/pikit-web/x', sha256: null, confirm: false },
    ]);
  });
});

describe('confirmCommand', () => {
  it('names every file', () => {
    expect(confirmCommand(['/a', '/b'])).toBe('pikit-update apply --replace /a --replace /b');
  });
});
