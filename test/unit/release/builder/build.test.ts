import fs from 'node:fs';
import * as z from 'zod';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readBundleManifest, unpackBundle } from '../../../../lib/io/bundle/archive.ts';
import { addBranch } from '../../../../lib/release/site/site-branches.ts';
import type { BuildOptions } from '../../../../lib/release/builder/build.ts';
import { parseManifest } from '../../../../lib/core/release/manifest.ts';
import { readManifest } from '../../../../lib/release/site/site.ts';
import { verifySite } from '../../../../lib/release/verify/verify.ts';
import { sha256 } from '../../../helpers/archive-builder.ts';
import { dashboard, emptySite, release, snapshot, writeTree } from '../../../helpers/site-builder.ts';
import { containing, jsonKeys, matching } from '../../../helpers/matchers.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let base = '';
let site = '';
let from = '';
beforeEach(() => {
  base = folderOfTest('build');
  site = emptySite(base);
  from = writeTree(join(base, 'tree'), dashboard('one'));
});
const limits = { unpackedBytes: 1e9 };
const bundleOf = (version: string): string => join(site, `bundles/pikit-${version}.tar.gz`);

describe('buildRelease', () => {
  it('publishes a bundle and the manifest that names it', async () => {
    const built = await release({ site, from, version: '1.0.0', config: ['pikit-api.py'], restart: ['pikit-api.service'] });
    expect(built).toMatchObject({ version: '1.0.0', branch: 'stable', sequence: 1, manifest: 'manifest.json', files: 4, reused: false, notices: [] });
    const manifest = readManifest(site, 'manifest.json');
    expect(manifest).toMatchObject({ branch: 'stable', released: '2026-11-20T10:00:00Z', sequence: 1, bundle: built.bundle });
    expect(manifest.files.find(({ config }) => config)?.path).toBe('pikit-api.py');
    const bytes = fs.readFileSync(bundleOf('1.0.0'));
    expect(built.bundle).toEqual({ name: 'pikit-1.0.0.tar.gz', size: bytes.length, sha256: sha256(bytes) });

    const into = join(base, 'unpacked');
    const { manifestBytes } = await unpackBundle({ bundle: bundleOf('1.0.0'), files: manifest.files, into, limits });
    expect(snapshot(into)).toEqual(snapshot(from));
    expect(parseManifest(manifestBytes ?? Buffer.alloc(0)).files).toEqual(manifest.files);
    expect((await verifySite(site)).problems).toEqual([]);
  });

  it('makes the same bundle again, elsewhere, later, under another umask', async () => {
    const first = await release({ site, from, version: '1.0.0' });
    const umask = process.umask(0o077);
    try {
      const otherBase = join(base, 'other');
      fs.mkdirSync(otherBase);
      const otherSite = emptySite(otherBase);
      const otherFrom = writeTree(join(otherBase, 'in'), dashboard('one'));
      fs.utimesSync(join(otherFrom, 'pikit-api.py'), 1, 1);
      const second = await release({ site: otherSite, from: otherFrom, version: '1.0.0', released: new Date(), rolloutPercent: 5 });
      expect(second.bundle).toEqual(first.bundle);
      expect(fs.readFileSync(join(otherSite, 'bundles', second.bundle.name)).equals(fs.readFileSync(bundleOf('1.0.0')))).toBe(true);
      for (const name of ['manifest.json', 'branches.json', 'bundles/pikit-1.0.0.tar.gz']) {
        expect((fs.statSync(join(otherSite, name)).mode & 0o777).toString(8), name).toBe('644');
      }
    } finally {
      process.umask(umask);
    }
  });

  it('counts releases, and keeps earlier bundles', async () => {
    await release({ site, from, version: '1.0.0' });
    writeTree(from, dashboard('two'));
    expect((await release({ site, from, version: '1.1.0-beta.1' })).sequence).toBe(2);
    expect((await release({ site, from, version: '1.1.0' })).sequence).toBe(3);
    expect(fs.readdirSync(join(site, 'bundles'))).toHaveLength(3);
    expect((await verifySite(site)).bundles).toBe(3);
  });

  it('counts across branches', async () => {
    await release({ site, from, version: '1.0.0' });
    const manifest = fs.readFileSync(join(site, 'manifest.json'), 'utf8');
    fs.writeFileSync(join(site, 'manifest_beta.json'), manifest.replace('"sequence":1', '"sequence":41'));
    expect((await release({ site, from, version: '1.1.0' })).sequence).toBe(42);
  });

  it('is content with the same release again', async () => {
    const options = { site, from, version: '1.0.0', notes: 'n', minVersion: '0.9.0', rolloutPercent: 20 };
    const first = await release(options);
    expect(first.already).toBe(false);
    const before = snapshot(site);
    const again = await release({ ...options, released: new Date('2026-12-24T00:00:00Z') });
    expect(again).toEqual({ ...first, reused: true, already: true });
    expect(await release({ ...options, rolloutPercent: null })).toMatchObject({ already: true });
    expect(snapshot(site)).toEqual(before);
    expect(await release({ ...options, rolloutPercent: 100 })).toMatchObject({ already: false, sequence: 2 });
    expect(readManifest(site, 'manifest.json')).toMatchObject({ rollout: { percent: 100 }, sequence: 2 });
    fs.rmSync(join(site, 'files'), { recursive: true });
    expect(await release({ ...options, rolloutPercent: null })).toMatchObject({ already: true });
    expect((await verifySite(site)).problems).toEqual([]);
  });

  it('knows an earlier release again after a newer one, and refuses that version with other content', async () => {
    const first = await release({ site, from, version: '1.0.0' });
    await release({ site, from: writeTree(join(base, 'newer'), { 'pikit-web/index.html': 'newer' }), version: '1.1.0' });
    const before = snapshot(site);
    const again = await release({ site, from, version: '1.0.0' });
    expect(again).toEqual({ ...first, manifest: 'manifests/stable/1.0.0.json', reused: true, already: true });
    writeTree(from, { 'pikit-web/new.js': '' });
    await expect(release({ site, from, version: '1.0.0' })).rejects.toMatchObject({ code: 'RELEASE_CHANGED' });
    await expect(release({ site, from, version: '0.9.0' })).rejects.toMatchObject({ code: 'VERSION_NOT_NEWER' });
    expect(snapshot(site)).toEqual(before);
    fs.rmSync(join(site, 'bundles/pikit-1.0.0.tar.gz'));
    await expect(release({ site, from, version: '1.0.0' })).rejects.toMatchObject({ code: 'VERSION_NOT_NEWER' });
  });

  it('says in what a release under the same version differs', async () => {
    await release({ site, from, version: '1.0.0' });
    const before = snapshot(site);
    const refused = async (more: Partial<BuildOptions>, says: string): Promise<void> => {
      await expect(release({ site, from, version: '1.0.0', ...more })).rejects.toMatchObject({ code: 'RELEASE_CHANGED', message: matching(says) });
    };
    await refused({ notes: 'other' }, "'notes' differs");
    await refused({ arch: ['arm64'] }, "'requires' differs");
    await refused({ restart: ['a.service'] }, "'post_install' differs");
    writeTree(from, { 'pikit-web/new.js': '' });
    await refused({}, "'pikit-web/new\\.js' is new");
    expect(snapshot(site)).toEqual(before);
  });

  it('takes commands that are files of the release and can be executed, and refuses others', async () => {
    writeTree(from, { 'helpers/migrate': { data: '#!/bin/sh\n', mode: 0o755 } });
    const refused = async (path: string, says: string): Promise<void> => {
      await expect(release({ site, from, version: '1.0.0', run: [[path, '--to', '2']] })).rejects.toMatchObject({
        code: 'INPUT_REFUSED',
        message: matching(says),
      });
    };
    await refused('helpers/none', "--run 'helpers/none' is no file of the release");
    await refused('pikit-web/index.html', "--run 'pikit-web/index.html' is not executable");
    await release({ site, from, version: '1.0.0', run: [['helpers/migrate', '--to', '2']], restart: ['a.service'] });
    const { post_install: actions } = z.object({ post_install: z.unknown() }).parse(JSON.parse(fs.readFileSync(join(site, 'manifest.json'), 'utf8')));
    expect(actions).toEqual([{ run: ['helpers/migrate', '--to', '2'] }, { restart: 'a.service' }]);
  });

  it('takes other build metadata for another release on branches only', async () => {
    addBranch(site, 'test_1', {});
    await release({ site, from, version: '1.5.0' });
    await expect(release({ site, from, version: '1.5.0+issue.1' })).rejects.toMatchObject({
      code: 'VERSION_NOT_NEWER',
      message: matching('differ only in build metadata'),
    });
    await release({ site, from, version: '1.5.0', branch: 'test_1' });
    expect(await release({ site, from, version: '1.5.0+issue.1', branch: 'test_1' })).toMatchObject({ sequence: 3 });
    expect(await release({ site, from, version: '1.5.0', branch: 'test_1' })).toMatchObject({ sequence: 4 });
  });

  it('goes on after a crash between bundle and manifest', async () => {
    await release({ site, from, version: '1.0.0' });
    fs.rmSync(join(site, 'manifest.json'));
    expect(await release({ site, from, version: '1.0.0' })).toMatchObject({ reused: true, sequence: 1 });
    expect((await verifySite(site)).problems).toEqual([]);
  });

  it('never changes a bundle that may be out there', async () => {
    await release({ site, from, version: '1.0.0' });
    fs.rmSync(join(site, 'manifest.json'));
    const before = snapshot(site);
    writeTree(from, dashboard('two'));
    await expect(release({ site, from, version: '1.0.0' })).rejects.toMatchObject({
      code: 'RELEASE_CHANGED',
      message: containing(bundleOf('1.0.0')),
    });
    expect(snapshot(site)).toEqual(before);
  });

  it('puts nothing into the bundle that depends on the branch or the time', async () => {
    await release({ site, from, version: '1.0.0', rolloutPercent: 10, notes: 'hello', minVersion: '0.9.0', arch: ['arm64'] });
    expect(jsonKeys(await readBundleManifest({ bundle: bundleOf('1.0.0'), limits }))).toEqual([
      'schema',
      'version',
      'changelog',
      'notes',
      'files',
      'post_install',
      'requires',
    ]);
  });

  it('packs real web releases', async () => {
    const real = join(base, 'swagger');
    const source = new URL('../../../../node_modules/swagger-ui-dist-5.17.14/', import.meta.url).pathname;
    const assets = fs.readdirSync(source).filter((name) => /\.(html|js|css|png)$/.test(name));
    writeTree(real, Object.fromEntries(assets.map((name) => [`pikit-web/${name}`, fs.readFileSync(join(source, name))])));
    const built = await release({ site, from: real, version: '5.17.14' });
    expect(built.files).toBe(assets.length);
    const into = join(base, 'unpacked');
    await unpackBundle({ bundle: bundleOf('5.17.14'), files: readManifest(site, 'manifest.json').files, into, limits });
    expect(snapshot(into)).toEqual(snapshot(real));
    expect((await verifySite(site)).problems).toEqual([]);
  });

  const changes: [string, Partial<BuildOptions>, string, RegExp][] = [
    ['version-not-semver', { version: '1.2' }, 'VERSION_INVALID', /'1\.2'/],
    ['version-with-v', { version: 'v1.2.3' }, 'VERSION_INVALID', /'v1\.2\.3'/],
    ['version-with-path', { version: '1.0.0-../../x' }, 'VERSION_INVALID', /./],
    ['version-older', { version: '0.9.0' }, 'VERSION_NOT_NEWER', /0\.9\.0 is not newer than 1\.0\.0/],
    ['version-pre-release', { version: '1.0.0-rc.1' }, 'VERSION_NOT_NEWER', /1\.0\.0-rc\.1/],
    ['version-build-metadata', { version: '1.0.0+2' }, 'VERSION_NOT_NEWER', /1\.0\.0\+2/],
    ['branch-unknown', { branch: 'beta' }, 'INPUT_REFUSED', /the site has no branch 'beta'/],
    ['min-version-not-semver', { minVersion: '1' }, 'VERSION_INVALID', /'1'/],
    ['min-version-newer', { minVersion: '3.0.0' }, 'INPUT_REFUSED', /2\.0\.0 if it needed 3\.0\.0/],
    ['config-path-unknown', { config: ['pikit-web/none'] }, 'INPUT_REFUSED', /'pikit-web\/none'.*no such file/],
    ['notes-too-long', { notes: 'x'.repeat(70_000) }, 'INPUT_REFUSED', /'notes'/],
    ['cancelled', { signal: AbortSignal.abort() }, 'CANCELLED', /./],
  ];
  it.each(changes)('refuses %s, and leaves the site as it is', async (_name, more, code, says) => {
    await release({ site, from, version: '1.0.0' });
    const before = snapshot(site);
    await expect(release({ site, from, version: '2.0.0', ...more })).rejects.toMatchObject({ code, message: matching(says) });
    expect(snapshot(site)).toEqual(before);
  });

  it.each<[string, () => void, string]>([
    [
      'symlink',
      () => {
        fs.symlinkSync('/etc/passwd', join(from, 'pikit-web/link'));
      },
      'INPUT_REFUSED',
    ],
    ['unsafe-name', () => writeTree(from, { 'pikit-web/a\tb': '' }), 'PATH_REFUSED'],
    ['path-too-long', () => writeTree(from, { [`pikit-web/${`${'n'.repeat(250)}/`.repeat(4)}${'n'.repeat(20)}`]: '' }), 'PATH_REFUSED'],
    [
      'no-tree',
      () => {
        fs.rmSync(from, { recursive: true });
      },
      'INPUT_REFUSED',
    ],
    [
      'site-without-list',
      () => {
        fs.rmSync(join(site, 'branches.json'));
      },
      'SITE_INVALID',
    ],
    [
      'manifest-broken',
      () => {
        fs.writeFileSync(join(site, 'manifest.json'), '{}');
      },
      'SITE_INVALID',
    ],
  ])('refuses %s', async (_name, spoil, code) => {
    spoil();
    const before = snapshot(site);
    await expect(release({ site, from, version: '1.0.0' })).rejects.toMatchObject({ code });
    expect(snapshot(site)).toEqual(before);
  });

  it('refuses a tree that contains the site', async () => {
    await expect(release({ site, from: base, version: '1.0.0' })).rejects.toMatchObject({
      code: 'INPUT_REFUSED',
      message: containing('lies inside'),
    });
  });

  it('gives way to a release that was published meanwhile', async () => {
    const other = writeTree(join(base, 'other'), dashboard('other'));
    const [slow, fast] = await Promise.allSettled([
      release({ site, from: writeTree(from, { 'pikit-web/big': Buffer.alloc(20_000_000, 'pikit') }), version: '1.0.0' }),
      release({ site, from: other, version: '1.1.0' }),
    ]);
    expect(fast).toMatchObject({ status: 'fulfilled' });
    expect(slow).toMatchObject({ status: 'rejected', reason: { code: 'BUSY' } });
    expect(readManifest(site, 'manifest.json').version).toBe('1.1.0');
  });
});
