import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readCachedManifest } from '../../../lib/device/cached-manifest.ts';
import { available, cliDevice } from '../../helpers/cli-device.ts';

const MANIFEST = JSON.stringify({ version: '1.4.0', changelog: '', files: [{ path: 'pikit-api.py', sha256: 'a'.repeat(64) }] });
const sha256 = createHash('sha256').update(MANIFEST).digest('hex');

it('is the manifest that the last check saw, or none', () => {
  const { cacheDir } = cliDevice().deps.paths;
  const changed: unknown = expect.objectContaining({ code: 'RELEASE_CHANGED', hint: '`pikit-update check` fetches it again' });
  expect(() => readCachedManifest(cacheDir, available({ manifest_sha256: sha256 }))).toThrow(changed);
  fs.mkdirSync(join(cacheDir, 'source'), { recursive: true });
  fs.writeFileSync(join(cacheDir, 'source/manifest.json'), MANIFEST);
  expect(readCachedManifest(cacheDir, available({ manifest_sha256: sha256 }))).toMatchObject({ version: '1.4.0' });
  expect(() => readCachedManifest(cacheDir, available({ manifest_sha256: 'b'.repeat(64) }))).toThrow(changed);
  expect(() => readCachedManifest(cacheDir, available({ branch: 'beta', manifest_sha256: sha256 }))).toThrow(changed);
});

it.each<[string, (file: string) => void]>([
  [
    'directory',
    (file) => {
      fs.mkdirSync(file);
    },
  ],
  [
    'link',
    (file) => {
      fs.symlinkSync('/dev/zero', file);
    },
  ],
  [
    'pipe',
    (file) => {
      execFileSync('mkfifo', [file]);
    },
  ],
  [
    'hole',
    (file) => {
      fs.writeFileSync(file, '');
      fs.truncateSync(file, 3 * 1024 ** 3);
    },
  ],
])('is none when another user has put something else there: %s', (_name, make) => {
  const { cacheDir } = cliDevice().deps.paths;
  fs.mkdirSync(join(cacheDir, 'source'), { recursive: true });
  make(join(cacheDir, 'source/manifest.json'));
  expect(() => readCachedManifest(cacheDir, available({ manifest_sha256: sha256 }))).toThrow(expect.objectContaining({ code: 'RELEASE_CHANGED' }));
});
