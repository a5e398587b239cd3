import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fetchRelease } from '../../../../lib/steps/fetch.ts';
import { dropStaging, dropStagingFolders, readStagedManifest, stagedFor, stagingDir } from '../../../../lib/steps/staging/staging.ts';
import { device, netDeps, stepDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { onSite } from '../published.ts';

describe('staging', () => {
  it('is one folder a version, and a mark that names its manifest', async () => {
    const { on } = await onSite(['1.0.0']);
    expect(stagedFor(stepDeps(on))).toBeNull();
    await fetchRelease(netDeps(on));
    const deps = stepDeps(on);
    expect(stagingDir(deps, '1.0.0')).toBe(`${on.paths.cacheDir}/1.0.0`);
    expect(stagedFor(deps)).toMatch(/^[0-9a-f]{64}$/);
    const staged = on.files.readStaged();
    expect(staged === null ? null : readStagedManifest(deps, staged).version).toBe('1.0.0');
  });

  it('is not of another branch than its manifest', async () => {
    const { on } = await onSite(['1.0.0']);
    await fetchRelease(netDeps(on));
    const staged = on.files.readStaged();
    assert.ok(staged !== null);
    expect(() => readStagedManifest(stepDeps(on), { ...staged, branch: 'beta' })).toThrow(
      expect.objectContaining({ code: 'STAGED_INVALID', message: containing("is of the branch 'stable', not of 'beta'") }),
    );
  });

  it('is dropped whole, and a second time is fine', async () => {
    const { on } = await onSite(['1.0.0']);
    await fetchRelease(netDeps(on));
    dropStaging(stepDeps(on));
    dropStaging(stepDeps(on));
    expect(stagedFor(stepDeps(on))).toBeNull();
    expect(on.files.readState().staged).toBeNull();
    expect(fs.readdirSync(on.paths.cacheDir)).toEqual(['source']);
  });

  it('drops folders of other versions, and nothing else', () => {
    const on = device();
    for (const name of ['1.0.0', '1.1.0', '1.1.0-rc.1', '.swept-0123456789abcdef', 'source', 'lost+found'])
      fs.mkdirSync(`${on.paths.cacheDir}/${name}/tree`, { recursive: true });
    dropStagingFolders(stepDeps(on), '1.1.0');
    expect(fs.readdirSync(on.paths.cacheDir).toSorted()).toEqual(['1.1.0', 'lost+found', 'source']);
    dropStagingFolders(stepDeps(on), null);
    expect(fs.readdirSync(on.paths.cacheDir).toSorted()).toEqual(['lost+found', 'source']);
  });

  it('is dropped without following links, at any depth', () => {
    const on = device();
    fs.mkdirSync(on.at('/precious'));
    fs.writeFileSync(on.at('/precious/file'), 'x');
    fs.mkdirSync(`${on.paths.cacheDir}/1.0.0/tree/deep`, { recursive: true });
    fs.symlinkSync(on.at('/precious'), `${on.paths.cacheDir}/1.0.0/tree/deep/link`);
    fs.symlinkSync(on.at('/precious'), `${on.paths.cacheDir}/2.0.0`);
    fs.writeFileSync(`${on.paths.cacheDir}/3.0.0`, 'a file');
    dropStagingFolders(stepDeps(on), null);
    expect(fs.readdirSync(on.paths.cacheDir)).toEqual([]);
    expect(on.read('/precious/file')).toBe('x');
  });

  it('is nothing where there is no cache at all', () => {
    const on = device();
    dropStagingFolders(stepDeps(on), null);
    dropStaging(stepDeps(on));
  });
});
