import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { expect, it } from 'vitest';
import { disguisedPlace } from '../../../../lib/transaction/plan/disguised-places.ts';
import { canMount } from '../../../helpers/mount.ts';
import { useTempDir } from '../../../helpers/temp.ts';
import { writeTree } from '../../../helpers/tree.ts';

const dir = useTempDir();

function deviceTree(): void {
  writeTree(dir(), { '/etc/pikit/trust/root.json': '{}', '/var/lib/pikit': null, '/var/www/pikit-web': null, '/srv/data': null });
}

it('sees no disguise in places that are what they say', () => {
  deviceTree();
  expect(disguisedPlace(dir(), ['/var/www/pikit-web/index.html', '/etc/pikit/dashboard.conf', '/srv/data/new/x'])).toBeNull();
});

it.each([
  ['/srv/conf', '/etc/pikit', '/srv/conf/update.toml', '/etc/pikit/update.toml'],
  ['/srv/all', '/etc', '/srv/all/pikit/trust/root.json', '/etc/pikit/trust/root.json'],
  ['/srv/state', '/var/lib/pikit', '/srv/state/new/x', '/var/lib/pikit/new/x'],
])('sees through a link: %s is %s', (link, to, path, as) => {
  deviceTree();
  fs.symlinkSync(`${dir()}${to}`, `${dir()}${link}`);
  expect(disguisedPlace(dir(), ['/var/www/pikit-web/x', path])).toEqual({ path, as });
});

it('lets files of others pass that lie in the same folder', () => {
  deviceTree();
  fs.symlinkSync(`${dir()}/etc/pikit`, `${dir()}/srv/conf`);
  expect(disguisedPlace(dir(), ['/srv/conf/dashboard.conf'])).toBeNull();
});

// Mounts need root with CAP_SYS_ADMIN.
it.runIf(canMount())('sees through a bind mount', () => {
  deviceTree();
  execFileSync('mount', ['--bind', `${dir()}/etc/pikit/trust`, `${dir()}/srv/data`]);
  try {
    expect(disguisedPlace(dir(), ['/srv/data/root.json'])).toEqual({ path: '/srv/data/root.json', as: '/etc/pikit/trust/root.json' });
  } finally {
    execFileSync('umount', [`${dir()}/srv/data`]);
  }
});
