/** How a story of signed releases begins: a site with keys of its own, and a device whose owner trusts its root. */
import fs from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import * as z from 'zod';
import type { DeviceImage } from './container.ts';
import type { Stage } from './on-device.ts';
import { onDevice } from './on-device.ts';
import type { PikitDevice } from './pikit-device.ts';
import type { Site } from './release-builder.ts';
import { releaseSite } from './release-builder.ts';

const Listed = z.object({ roles: z.array(z.object({ role: z.string(), keys: z.array(z.object({ fingerprint: z.string() })) })) });

/** The fingerprint of the first key that may sign for a role of the site. */
export function fingerprintOf(site: Site, role: string): string {
  const { roles } = Listed.parse(JSON.parse(site.release('key', 'list', '--json')));
  const found = roles.find((one) => one.role === role)?.keys[0]?.fingerprint;
  if (found === undefined) throw new Error(`no key signs for '${role}'`);
  return found;
}

/** What an owner does who was given a root and its fingerprint. */
export async function trust(device: PikitDevice, site: Site): Promise<void> {
  await device.writeFile('/root/root.json', fs.readFileSync(join(site.dir, 'tuf/root.json')));
  const { exitCode, stdout, stderr } = await device.exec(['pikit-update', 'trust', '/root/root.json', '--fingerprint', fingerprintOf(site, 'root')]);
  expect(exitCode, stdout + stderr).toBe(0);
}

/** A device and a signed site for it; no root is trusted yet. */
export async function onSignedSite(image: DeviceImage): Promise<Stage> {
  return await onDevice(image, { settle: '50ms', timeout: '1min' }, releaseSite({ signed: true }));
}
