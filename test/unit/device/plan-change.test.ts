import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { planReleaseHere } from '../../../lib/device/plan-change.ts';
import { writePublicFacts } from '../../../lib/steps/outcome/write-public-facts.ts';
import { asAnotherUser } from '../../helpers/another-user.ts';
import { SILENT } from '../../helpers/cli-device.ts';
import { plannedDevice } from '../../helpers/planned-device.ts';

it('finds what changes, from the manifest alone', () => {
  const { device, manifest } = plannedDevice();
  const { plan, complete } = planReleaseHere(device.deps.place, device.deps.loadConfig(), manifest, 'stable', () => null);
  expect(complete).toBe(true);
  expect(plan.ops.map(({ path, old, new: fresh }) => `${path} ${old === null ? '+' : fresh === null ? '-' : '~'}`).sort()).toEqual([
    '/var/www/pikit-web/gone.js -',
    '/var/www/pikit-web/index.html ~',
    '/var/www/pikit-web/new.js +',
    '/var/www/pikit-web/settings.json.pikit-new +',
  ]);
  expect(plan.drift).toEqual(['/var/www/pikit-web/index.html']);
  expect(plan.kept).toEqual(['/var/www/pikit-web/settings.json.pikit-new']);
});

it('refuses what an installation would refuse', () => {
  const { device, manifest } = plannedDevice();
  const page = join(device.root, 'var/www/pikit-web/index.html');
  fs.rmSync(page);
  fs.symlinkSync('/etc/passwd', page);
  expect(() => planReleaseHere(device.deps.place, device.deps.loadConfig(), manifest, 'stable', () => null)).toThrow(
    expect.objectContaining({ code: 'DEST_TYPE' }),
  );
});

it('does not guess when the list of what is installed is damaged', () => {
  const { device, manifest } = plannedDevice();
  fs.writeFileSync(device.deps.paths.installed, 'x');
  expect(() => planReleaseHere(device.deps.place, device.deps.loadConfig(), manifest, 'stable', () => null)).toThrow(
    expect.objectContaining({ code: 'STATE_INVALID' }),
  );
});

describe.skipIf(process.getuid?.() !== 0)('where root’s own list cannot be read (needs root)', () => {
  it('goes by what root has published', async () => {
    const { device, manifest } = plannedDevice();
    const { place, loadConfig } = device.deps;
    writePublicFacts({ ...device.deps, log: SILENT }, 'apply', null);
    const asRoot = planReleaseHere(place, loadConfig(), manifest, 'stable', () => null);
    const published = device.deps.files.readPublished();
    expect(published?.version).toBe('1.3.0');
    expect(await asAnotherUser(device.root, () => planReleaseHere(place, loadConfig(), manifest, 'stable', () => published))).toEqual(asRoot);
  });

  it('says so when root has published nothing', async () => {
    const { device, manifest } = plannedDevice();
    const { place, loadConfig } = device.deps;
    const { plan, complete } = await asAnotherUser(device.root, () => planReleaseHere(place, loadConfig(), manifest, 'stable', () => null));
    expect([complete, plan.drift]).toEqual([false, []]);
  });
});
