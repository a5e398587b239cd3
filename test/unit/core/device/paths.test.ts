import { expect, it } from 'vitest';
import { VERSION_FILE, devicePaths, tokenPath } from '../../../../lib/core/device/paths.ts';

it('names the places of the design', () => {
  expect(devicePaths('/')).toEqual({
    root: '/',
    config: '/etc/pikit/update.toml',
    version: '/etc/pikit/version',
    trustRoot: '/etc/pikit/trust/root.json',
    trusted: '/var/lib/pikit/trust',
    trustCache: '/var/cache/pikit-update/trust',
    stateDir: '/var/lib/pikit-update',
    state: '/var/lib/pikit-update/state.json',
    settings: '/var/lib/pikit-update/settings.json',
    staged: '/var/lib/pikit-update/staged',
    published: '/var/lib/pikit-update/published.json',
    timings: '/var/lib/pikit-update/timings.json',
    privateDir: '/var/lib/pikit',
    journal: '/var/lib/pikit/journal.json',
    installed: '/var/lib/pikit/installed.json',
    installedNext: '/var/lib/pikit/installed.next.json',
    held: '/var/lib/pikit/held.json',
    history: '/var/lib/pikit/history.jsonl',
    edited: '/var/lib/pikit/edited',
    serviceActions: '/var/lib/pikit/service-actions.jsonl',
    cacheDir: '/var/cache/pikit-update',
    waits: '/var/cache/pikit-update/waits.json',
    backupDir: '/var/backups/pikit',
    lock: '/run/pikit-update.lock',
    rootLock: '/run/pikit-update/orders/lock',
    runDir: '/run/pikit-update',
    next: '/run/pikit-update/next',
    granted: '/run/pikit-update/granted',
    orders: '/run/pikit-update/orders',
    settingsLock: '/run/pikit-update/orders/settings.lock',
    wanted: '/run/pikit-update/orders/wanted',
    asked: '/run/pikit-update/orders/asked',
    progress: '/run/pikit-update/progress.json',
    runRecord: '/run/pikit-update/run.json',
    begun: '/run/pikit-update/begun',
    orderSocket: '/run/pikit-update-api/order.sock',
  });
  expect(VERSION_FILE).toBe('/etc/pikit/version');
});

it.each(['/tmp/device', '/tmp/device/'])('puts all of them below %s', (root) => {
  const { root: given, ...paths } = devicePaths(root);
  expect(given).toBe(root);
  expect(Object.values(paths).filter((path) => !path.startsWith('/tmp/device/') || path.includes('//'))).toEqual([]);
});

it.each([
  ['next', 'fetch', '/run/pikit-update/next/fetch'],
  ['granted', 'fetch', '/run/pikit-update/granted/fetch'],
  ['next', 'apply', '/run/pikit-update/next/apply'],
  ['granted', 'apply', '/run/pikit-update/orders/granted/apply'],
  ['next', 'rollback', '/run/pikit-update/orders/next/rollback'],
  ['granted', 'rollback', '/run/pikit-update/orders/granted/rollback'],
] as const)('puts the token %s/%s where those can write who may decide about it', (where, step, path) => {
  expect(tokenPath(devicePaths('/'), where, step)).toBe(path);
});
