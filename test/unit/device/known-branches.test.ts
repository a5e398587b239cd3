import fs from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { currentChoice, knownBranches } from '../../../lib/device/known-branches.ts';
import { Settings } from '../../../lib/core/device/state.ts';
import { sha256 } from '../../helpers/archive-builder.ts';
import { cliDevice } from '../../helpers/cli-device.ts';
import { cacheDocument } from '../../helpers/source-cache.ts';
import { testKey } from '../../helpers/tuf-keys.ts';
import { tufRepository } from '../../helpers/tuf-repository.ts';

const manifest = (version: string) => ({ version, changelog: '', files: [{ path: 'pikit-api.py', sha256: sha256('') }] });

describe('knownBranches', () => {
  it('is stable alone where nothing was ever seen', () => {
    expect(knownBranches(cliDevice().deps)).toMatchObject({
      listed: false,
      branches: [{ name: 'stable', selected: true, used: true, version: null }],
    });
  });

  it('is the list for this platform, with the versions that were seen', () => {
    const { deps } = cliDevice();
    deps.files.writeSettings(Settings.parse({ branch: 'beta' }));
    cacheDocument(deps, 'branches.json', [
      { name: 'beta', enabled: false },
      { name: 'wine', linux: false },
      { name: 'test_1', visible: false },
    ]);
    cacheDocument(deps, 'manifest.json', manifest('1.4.0'));
    cacheDocument(deps, 'manifest_beta.json', manifest('1.5.0-beta.1'));
    const { branches, choice, listed } = knownBranches(deps);
    expect(listed).toBe(true);
    expect(choice).toMatchObject({ selected: 'beta', used: 'stable', why: 'disabled' });
    expect(branches.map(({ name, version, selected, used, visible }) => [name, version, selected, used, visible])).toEqual([
      ['stable', '1.4.0', false, true, true],
      ['beta', '1.5.0-beta.1', true, false, true],
      ['test_1', null, false, false, false],
    ]);
  });

  it('says who may sign each of them, where this device verifies signatures', () => {
    const { deps } = cliDevice();
    cacheDocument(deps, 'branches.json', [{ name: 'nightly' }]);
    const repository = tufRepository({ keys: { targets: [testKey('ada')] } });
    repository.delegate('branch-nightly', { keys: [testKey('ci')] });
    repository.publish();
    const cache = deps.paths.trustCache;
    fs.mkdirSync(cache, { recursive: true });
    fs.writeFileSync(`${cache}/root.json`, repository.initialRoot);
    fs.writeFileSync(`${cache}/targets.json`, repository.files.get(repository.nameOf('targets')) ?? '');
    const seen = () => knownBranches(deps).branches.map(({ name, keys }) => [name, keys?.map((key) => key.name)]);
    expect(seen()).toEqual([
      ['stable', undefined],
      ['nightly', undefined],
    ]);
    fs.mkdirSync(dirname(deps.paths.trustRoot), { recursive: true });
    fs.writeFileSync(deps.paths.trustRoot, repository.initialRoot);
    expect(seen()).toEqual([
      ['stable', ['ada']],
      ['nightly', ['ci']],
    ]);
    fs.rmSync(`${cache}/targets.json`);
    fs.symlinkSync('/etc/passwd', `${cache}/targets.json`);
    expect(seen()[0]).toEqual(['stable', undefined]);
  });

  it.each<[string, (source: string) => void]>([
    [
      'other-bytes',
      (source) => {
        fs.appendFileSync(`${source}/branches.json`, ' ');
      },
    ],
    [
      'no-facts',
      (source) => {
        fs.rmSync(`${source}/branches.json.meta`);
      },
    ],
  ])('does not go by a damaged list: %s', (_name, damage) => {
    const { deps } = cliDevice();
    cacheDocument(deps, 'branches.json', [{ name: 'beta' }]);
    damage(`${deps.paths.cacheDir}/source`);
    expect(knownBranches(deps).listed).toBe(false);
  });

  it('does not go by a list that is none', () => {
    const { deps } = cliDevice();
    cacheDocument(deps, 'branches.json', [{ name: 'stable' }]);
    expect(knownBranches(deps).listed).toBe(false);
  });
});

it('currentChoice works without a configuration', () => {
  const { deps } = cliDevice();
  deps.files.writeSettings(Settings.parse({ branch: 'beta' }));
  fs.rmSync(deps.paths.config);
  expect(currentChoice(deps)).toMatchObject({ selected: 'beta', used: 'stable' });
});
