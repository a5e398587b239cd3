/** What buildRelease does on a site with branches: its single files, its numbers, and what it refuses. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { addBranch } from '../../../../lib/release/site/site-branches.ts';
import { readManifest } from '../../../../lib/release/site/site.ts';
import { verifySite } from '../../../../lib/release/verify/verify.ts';
import { bundledScript } from '../../../helpers/bundled-script.ts';
import { containing } from '../../../helpers/matchers.ts';
import { dashboard, emptySite, release, snapshot, writeTree } from '../../../helpers/site-builder.ts';
import { fingerprint } from '../../../helpers/tree.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let base = '';
let site = '';
let from = '';
beforeEach(() => {
  base = folderOfTest('build-branches');
  site = emptySite(base);
  from = writeTree(join(base, 'tree'), dashboard('one'));
});

describe('buildRelease, on branches', () => {
  it('builds for a listed branch, with its own order of versions', async () => {
    addBranch(site, 'beta', { enabled: false });
    await release({ site, from, version: '2.0.0' });
    writeTree(from, dashboard('two'));
    const built = await release({ site, from, version: '1.5.0-beta.1', branch: 'beta' });
    expect(built).toMatchObject({ branch: 'beta', sequence: 2, manifest: 'manifest_beta.json' });
    expect(built.notices).toEqual(["the branch 'beta' is disabled: its devices stay on stable until it is enabled"]);
    expect(await release({ site, from, version: '1.5.0-beta.1', branch: 'beta' })).toMatchObject({ already: true, sequence: 2 });
    await expect(release({ site, from, version: '1.5.0-beta.0', branch: 'beta' })).rejects.toMatchObject({ code: 'VERSION_NOT_NEWER' });
    expect(readManifest(site, 'manifest_beta.json')).toMatchObject({ version: '1.5.0-beta.1', branch: 'beta' });
    expect((await verifySite(site)).problems).toEqual([]);
  });

  it('puts the same content on another branch from the same bundle, and other content under that version nowhere', async () => {
    addBranch(site, 'beta', {});
    await release({ site, from, version: '1.0.0' });
    expect(await release({ site, from, version: '1.0.0', branch: 'beta' })).toMatchObject({ reused: true, sequence: 2 });
    expect((await verifySite(site)).problems).toEqual([]);
    addBranch(site, 'nightly', {});
    const before = snapshot(site);
    writeTree(from, dashboard('two'));
    await expect(release({ site, from, version: '1.0.0', branch: 'nightly' })).rejects.toMatchObject({
      code: 'RELEASE_CHANGED',
      hint: containing('pikit-release promote'),
    });
    expect(snapshot(site)).toEqual(before);
  });

  it.each(['stable', 'beta'])('is content with the same release for the same architectures on %s, and refuses it for others', async (branch) => {
    addBranch(site, 'beta', {});
    const build = (version: string, arch: string[]) => release({ site, from, version, branch, arch });
    await build('1.0.0', ['arm64']);
    const before = snapshot(site);
    expect(await build('1.0.0', ['arm64'])).toMatchObject({ already: true, sequence: 1 });
    for (const arch of [['arm64', 'x64'], ['x64'], []])
      await expect(build('1.0.0', arch)).rejects.toMatchObject({ code: 'RELEASE_CHANGED', message: containing("'requires' differs") });
    expect(snapshot(site)).toEqual(before);
    await build('1.1.0', ['arm64']);
    expect(await build('1.0.0', ['arm64'])).toMatchObject({ already: true, sequence: 1 });
    await expect(build('1.0.0', ['x64'])).rejects.toMatchObject({ code: 'RELEASE_CHANGED' });
  });

  it('puts every file in its place by branch and package, and takes away what the release before had', async () => {
    await release({ site, from, version: '1.0.0' });
    const before = fingerprint(join(site, 'files/stable/helpers'));
    fs.rmSync(join(from, 'pikit-web'), { recursive: true });
    writeTree(from, { 'pikit-web/index.html/page': 'a folder now', 'pikit-web/assets': 'a file now' });
    await release({ site, from, version: '1.1.0' });
    expect(snapshot(join(site, 'files')).map((line) => line.replace(/ \d+ [0-9a-f]{64}$/, ''))).toEqual([
      'stable 755 directory',
      'stable/api 755 directory',
      'stable/api/pikit-api.py',
      'stable/helpers 755 directory',
      'stable/helpers/helpers 755 directory',
      'stable/helpers/helpers/pikit-hello',
      'stable/web 755 directory',
      'stable/web/pikit-web 755 directory',
      'stable/web/pikit-web/assets',
      'stable/web/pikit-web/index.html 755 directory',
      'stable/web/pikit-web/index.html/page',
    ]);
    expect(fingerprint(join(site, 'files/stable/helpers'))).toEqual(before);
    expect((await verifySite(site)).problems).toEqual([]);
  });

  it('gives every release a number of its own when many branches get one at once', async () => {
    const branches = ['a', 'b', 'c', 'd'];
    for (const name of branches) addBranch(site, name, {});
    const script = bundledScript(
      base,
      'build',
      `import { buildRelease } from './lib/release/builder/build.ts';
       const [site, from, branch, version] = process.argv.slice(2);
       const rest = { changelog: '', notes: '', config: [], restart: [], minVersion: null, arch: [], rolloutPercent: null, released: new Date(0) };
       buildRelease({ site, from, branch, version, ...rest }).catch((error) => { process.exitCode = error.code === 'BUSY' ? 75 : 1; });`,
    );
    for (let left = branches; left.length > 0;) {
      const builders = left.map((name) =>
        spawn(process.execPath, [script, site, from, name, `1.0.0-${name}`], { stdio: ['ignore', 'inherit', 'inherit'] }),
      );
      const codes = await Promise.all(builders.map((builder) => new Promise((resolve) => builder.once('exit', resolve))));
      expect(codes.filter((code) => code !== 0 && code !== 75)).toEqual([]);
      expect(codes).toContain(0);
      left = left.filter((_name, index) => codes[index] === 75);
    }
    const { problems, branches: published } = await verifySite(site);
    expect(problems).toEqual([]);
    expect(published.map(({ sequence }) => sequence).toSorted()).toEqual([1, 2, 3, 4]);
  });
});
