import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readPlan } from '../../../lib/device/plan.ts';
import { unreadableFile } from '../../../lib/device/unreadable.ts';
import { writePublicFacts } from '../../../lib/steps/outcome/write-public-facts.ts';
import { asAnotherUser } from '../../helpers/another-user.ts';
import { SILENT } from '../../helpers/cli-device.ts';
import { plannedDevice } from '../../helpers/planned-device.ts';

/** What a user who is not root plans on the device whose root has closed these. */
async function planWith(closed: readonly string[]) {
  const { device } = plannedDevice();
  writePublicFacts({ ...device.deps, log: SILENT }, 'apply', null);
  for (const path of closed) fs.chmodSync(join(device.root, path), 0o600);
  return await asAnotherUser(device.root, () => readPlan(device.deps));
}

describe.skipIf(process.getuid?.() !== 0)('a file that only root can read (needs root)', () => {
  it('is counted as changed where the release brings another one, and it is unknown whether it was edited', async () => {
    const { plan } = await planWith(['/var/www/pikit-web/settings.json', '/var/www/pikit-web/index.html']);
    expect(plan).toMatchObject({
      added: [{ path: '/var/www/pikit-web/new.js' }],
      changed: [
        { path: '/var/www/pikit-web/index.html', old_bytes: 12, new_bytes: 13 },
        { path: '/var/www/pikit-web/settings.json', old_bytes: 17, new_bytes: 16 },
      ],
      removed: [{ path: '/var/www/pikit-web/gone.js' }],
      edited: null,
      conflicts: null,
      unchanged: 2,
    });
  });

  it('is counted as unchanged where the release brings the same, and as removed where it brings none', async () => {
    const { plan } = await planWith(['/var/www/pikit-web/same.css', '/var/www/pikit-web/gone.js']);
    expect(plan).toMatchObject({
      changed: [{ path: '/var/www/pikit-web/index.html' }],
      removed: [{ path: '/var/www/pikit-web/gone.js', old_bytes: 5 }],
      unchanged: 2,
    });
  });

  it('is what root let know of it, below a folder that is closed', async () => {
    const { plan } = await planWith(['/var/www/pikit-web']);
    expect(plan).toMatchObject({
      added: [{ path: '/var/www/pikit-web/new.js' }],
      changed: [{ path: '/var/www/pikit-web/index.html', old_bytes: 9 }, { path: '/var/www/pikit-web/settings.json' }],
      removed: [{ path: '/var/www/pikit-web/gone.js', old_bytes: 5 }],
      edited: null,
      conflicts: null,
      unchanged: 2,
    });
  });
});

it('is none that can be read, is not there, or is no file', () => {
  const { device } = plannedDevice();
  for (const path of ['/var/www/pikit-web/index.html', '/var/www/pikit-web/nothing', '/var/www']) {
    expect(unreadableFile(device.deps.place, path, undefined)).toBeNull();
  }
});
