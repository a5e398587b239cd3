/** A device with a release installed and another one available, for tests of the plan. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import type { Manifest } from '../../lib/core/release/manifest.ts';
import { parseManifest } from '../../lib/core/release/manifest.ts';
import { writeChecksummed } from '../../lib/transaction/checksummed-json.ts';
import type { CliDevice } from './cli-device.ts';
import { available, cliDevice } from './cli-device.ts';

const sha256 = (text: string | Buffer): string => createHash('sha256').update(text).digest('hex');

const OLD = {
  '/usr/local/bin/pikit-api.py': '#!/usr/bin/python3\nold\n',
  '/var/www/pikit-web/index.html': 'old page\n',
  '/var/www/pikit-web/gone.js': 'gone\n',
  '/var/www/pikit-web/same.css': 'same\n',
  '/var/www/pikit-web/settings.json': '{}\n',
};
const NEW = {
  'pikit-api.py': '#!/usr/bin/python3\nold\n',
  'pikit-web/index.html': 'a newer page\n',
  'pikit-web/new.js': 'new\n',
  'pikit-web/same.css': 'same\n',
  'pikit-web/settings.json': '{ "new": true }\n',
};

/** 1.3.0 is installed and 1.4.0 available; the owner has edited the page and the configuration. */
export function plannedDevice(): { device: CliDevice; manifest: Manifest } {
  const device = cliDevice();
  const { paths } = device.deps;
  for (const [path, text] of Object.entries(OLD)) {
    fs.mkdirSync(join(device.root, dirname(path)), { recursive: true });
    fs.writeFileSync(join(device.root, path), text);
    fs.chmodSync(join(device.root, path), path.endsWith('.py') ? 0o755 : 0o644);
  }
  const files = Object.entries(OLD).map(([path, text]) => ({
    path,
    sha256: sha256(text),
    size: text.length,
    mode: path.endsWith('.py') ? '0755' : '0644',
  }));
  fs.mkdirSync(paths.privateDir, { recursive: true });
  writeChecksummed(paths.installed, { schema: 1, version: '1.3.0', branch: 'stable', files, dirs: [] });
  fs.writeFileSync(paths.version, '1.3.0\n');
  fs.writeFileSync(join(device.root, '/var/www/pikit-web/index.html'), 'my own page\n');
  fs.writeFileSync(join(device.root, '/var/www/pikit-web/settings.json'), '{ "mine": true }\n');

  const listed = Object.entries(NEW).map(([path, text]) => ({
    path,
    sha256: sha256(text),
    size: text.length,
    config: path.endsWith('settings.json'),
  }));
  const bytes = Buffer.from(
    JSON.stringify({
      version: '1.4.0',
      changelog: '',
      files: listed,
      bundle: { name: 'pikit-1.4.0.tar.gz', size: 20_000, sha256: 'c'.repeat(64) },
      post_install: [{ restart: 'other' }, { run: ['pikit-api.py', '--migrate'] }],
    }),
  );
  fs.mkdirSync(join(paths.cacheDir, 'source'), { recursive: true });
  fs.writeFileSync(join(paths.cacheDir, 'source/manifest.json'), bytes);
  device.setState({ available: available({ manifest_sha256: sha256(bytes) }), last_check: '2026-11-20T09:00:00.000Z' });
  return { device, manifest: parseManifest(bytes) };
}
