import { expect, it } from 'vitest';
import { parseConfig } from '../../../lib/core/device/config.ts';
import { Manifest } from '../../../lib/core/release/manifest.ts';
import type { FoundFile } from '../../../lib/transaction/manifest-change.ts';
import { manifestChange } from '../../../lib/transaction/manifest-change.ts';
import { sha256 } from '../../helpers/archive-builder.ts';

const CONFIG = parseConfig({ source: { type: 'static', url: 'http://127.0.0.1/' } }, 'update.toml');
const FOUND: FoundFile = { size: 3, isScript: true, content: { from: 'file', file: '/x' } };

function manifestOf(...paths: string[]): Manifest {
  return Manifest.parse({ version: '1.0.0', changelog: '', files: paths.map((path) => ({ path, sha256: sha256(path) })) });
}

it('asks for each file by its path on the device, and puts what was found there', () => {
  const asked: string[] = [];
  const manifest = manifestOf('helpers/tool', 'pikit-web/index.html');
  const change = manifestChange(manifest, CONFIG, 'beta', null, ({ path }, at) => {
    asked.push(`${path} ${at}`);
    return FOUND;
  });
  expect(asked).toEqual(['helpers/tool /usr/local/bin/tool', 'pikit-web/index.html /var/www/pikit-web/index.html']);
  expect(change).toMatchObject({ version: '1.0.0', branch: 'beta', installed: null, deletes: [], restore: null });
  expect(change.puts[0]).toEqual({
    path: '/usr/local/bin/tool',
    sha256: sha256('helpers/tool'),
    size: 3,
    mode: 0o755,
    order: 1,
    config: false,
    content: FOUND.content,
    listed: true,
  });
});

it('removes what only the installed release has, but nothing in a place of the updater', () => {
  const files = ['/var/www/pikit-web/index.html', '/var/www/pikit-web/gone.js', '/etc/pikit/update.toml'].map((path) => {
    return { path, sha256: sha256(''), size: 0, mode: '0644' };
  });
  const installed = { schema: 1 as const, version: '0.9.0', branch: 'stable', files, dirs: [] };
  expect(manifestChange(manifestOf('pikit-web/index.html'), CONFIG, 'stable', installed, () => FOUND).deletes).toEqual([
    '/var/www/pikit-web/gone.js',
  ]);
});
