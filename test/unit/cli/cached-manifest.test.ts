import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readCachedManifest } from '../../../lib/cli/cached-manifest.ts';
import { available, cliDevice } from '../../helpers/cli-device.ts';

const MANIFEST = JSON.stringify({ version: '1.4.0', changelog: '', files: [{ path: 'pikit-api.py', sha256: 'a'.repeat(64) }] });
const sha256 = createHash('sha256').update(MANIFEST).digest('hex');

it('is the manifest that the last check saw, or none', () => {
  const { cacheDir } = cliDevice().deps.paths;
  const changed: unknown = expect.objectContaining({ code: 'RELEASE_CHANGED', hint: '`pikit-update check` gets it again' });
  expect(() => readCachedManifest(cacheDir, available({ manifest_sha256: sha256 }))).toThrow(changed);
  fs.mkdirSync(join(cacheDir, 'source'), { recursive: true });
  fs.writeFileSync(join(cacheDir, 'source/manifest.json'), MANIFEST);
  expect(readCachedManifest(cacheDir, available({ manifest_sha256: sha256 }))).toMatchObject({ version: '1.4.0' });
  expect(() => readCachedManifest(cacheDir, available({ manifest_sha256: 'b'.repeat(64) }))).toThrow(changed);
  expect(() => readCachedManifest(cacheDir, available({ branch: 'beta', manifest_sha256: sha256 }))).toThrow(changed);
});
