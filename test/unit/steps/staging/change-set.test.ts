import { describe, expect, it } from 'vitest';
import { parseConfig } from '../../../../lib/core/device/config.ts';
import type { ManifestFile } from '../../../../lib/core/release/manifest.ts';
import { Manifest } from '../../../../lib/core/release/manifest.ts';
import type { StagedTree } from '../../../../lib/steps/staging/change-set.ts';
import { releaseChange } from '../../../../lib/steps/staging/change-set.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { temporary } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { dashboard, writeTree } from '../../../helpers/site-builder.ts';

const CONFIG = parseConfig({ source: { type: 'static', url: 'http://127.0.0.1/' } }, 'update.toml');

function stagedAs(files: Parameters<typeof writeTree>[1]): StagedTree {
  const base = temporary();
  writeTree(`${base}/1.0.0/tree`, files);
  return { base, tree: '1.0.0/tree' };
}

function manifestOf(files: readonly (Partial<ManifestFile> & { path: string })[]): Manifest {
  return Manifest.parse({ version: '1.0.0', changelog: '', files: files.map((file) => ({ sha256: sha256(''), ...file })) });
}

describe('releaseChange', () => {
  it('puts each file where its target says, with the mode of the manifest or of its first bytes', () => {
    const tree = stagedAs({ ...dashboard('1'), 'helpers/tool': '#!/bin/sh\n', 'helpers/empty': '' });
    const files = [
      { path: 'pikit-web/index.html' },
      { path: 'pikit-web/assets/app.js', mode: '0600' },
      { path: 'pikit-api.py' },
      { path: 'helpers/tool' },
      { path: 'helpers/empty', config: true },
    ];
    const { puts } = releaseChange(manifestOf(files), tree, CONFIG, 'stable', null);
    expect(puts.map((put) => [put.path, put.mode.toString(8), put.order, put.config, put.listed])).toEqual([
      ['/var/www/pikit-web/index.html', '644', 2, false, true],
      ['/var/www/pikit-web/assets/app.js', '600', 0, false, true],
      ['/usr/local/bin/pikit-api.py', '755', 1, false, true],
      ['/usr/local/bin/tool', '755', 1, false, true],
      ['/usr/local/bin/empty', '644', 0, true, true],
      ['/etc/pikit/version', '644', 3, false, false],
    ]);
    expect(puts.at(-1)?.content).toEqual({ from: 'bytes', bytes: Buffer.from('1.0.0\n') });
  });

  it('removes what the installed release has and this one has not', () => {
    const tree = stagedAs(dashboard('1'));
    const listed = (path: string) => ({ path, sha256: sha256(''), size: 0, mode: '0644' });
    const installed = {
      schema: 1 as const,
      version: '0.9.0',
      branch: 'stable',
      files: [listed('/var/www/pikit-web/index.html'), listed('/var/www/pikit-web/gone.js')],
      dirs: [],
    };
    expect(releaseChange(manifestOf([{ path: 'pikit-web/index.html' }]), tree, CONFIG, 'stable', installed).deletes).toEqual([
      '/var/www/pikit-web/gone.js',
    ]);
  });

  it('refuses a release that would bring the file that names the version', () => {
    const tree = stagedAs({ 'etc/version': '9.9.9' });
    const config = { ...CONFIG, target: [{ from: 'etc/', to: '/etc/pikit/' }] };
    expect(() => releaseChange(manifestOf([{ path: 'etc/version' }]), tree, config, 'stable', null)).toThrow(
      expect.objectContaining({ code: 'PATH_REFUSED', hint: containing('[[target]]') }),
    );
  });

  it.each([
    ['a missing file', { path: 'pikit-web/none.js' }, 'STAGED_INVALID'],
    ['a folder in its place', { path: 'pikit-web/assets' }, 'STAGED_INVALID'],
    ['another size', { path: 'pikit-api.py', size: 1 }, 'STAGED_INVALID'],
    ['a path without a target', { path: 'etc/passwd' }, 'PATH_REFUSED'],
  ])('refuses %s', (_name, file, code) => {
    const tree = stagedAs(dashboard('1'));
    expect(() => releaseChange(manifestOf([file]), tree, CONFIG, 'stable', null)).toThrow(expect.objectContaining({ code }));
  });
});
