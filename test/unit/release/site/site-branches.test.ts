import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { addBranch, editBranches, listBranches, removeBranches } from '../../../../lib/release/site/site-branches.ts';
import { verifySite } from '../../../../lib/release/verify/verify.ts';
import { bundledScript } from '../../../helpers/bundled-script.ts';
import { containing } from '../../../helpers/matchers.ts';
import { dashboard, emptySite, release, snapshot, writeTree } from '../../../helpers/site-builder.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let base = '';
let site = '';
beforeEach(() => {
  base = folderOfTest('branch');
  site = emptySite(base);
});
const written = (): unknown => JSON.parse(fs.readFileSync(join(site, 'branches.json'), 'utf8'));
const put = (value: unknown): void => {
  fs.writeFileSync(join(site, 'branches.json'), JSON.stringify(value));
};

describe('addBranch', () => {
  it('writes what the list of branches is published with', () => {
    addBranch(site, 'nightly', {});
    const { changed, branches } = addBranch(site, 'test_1234', {
      display_name: 'Test, Issue #1234',
      description: 'for the brave',
      visible: false,
      macos: false,
    });
    expect(written()).toEqual([
      { name: 'nightly', display_name: 'nightly', description: '', enabled: true, visible: true, linux: true },
      {
        name: 'test_1234',
        display_name: 'Test, Issue #1234',
        description: 'for the brave',
        enabled: true,
        visible: false,
        linux: true,
        macos: false,
      },
    ]);
    expect([changed, branches.map(({ name }) => name)]).toEqual([['test_1234'], ['stable', 'nightly', 'test_1234']]);
  });

  it('refuses one that is there', () => {
    addBranch(site, 'beta', {});
    const before = snapshot(site);
    expect(() => addBranch(site, 'beta', { enabled: false })).toThrow(
      expect.objectContaining({ code: 'INPUT_REFUSED', hint: containing('branch edit beta') }),
    );
    expect(snapshot(site)).toEqual(before);
  });
});

describe('editBranches', () => {
  it('sets what is asked for, of those that are named, and says which were otherwise', () => {
    put([{ name: 'a', later: { keys: 1 } }, { name: 'b', enabled: false, linux: true }, { name: 'c' }]);
    expect(editBranches(site, ['b', 'a'], { enabled: false }).changed).toEqual(['a']);
    expect(written()).toEqual([{ name: 'a', later: { keys: 1 }, enabled: false }, { name: 'b', enabled: false, linux: true }, { name: 'c' }]);
    expect(editBranches(site, ['b', 'a'], { enabled: false }).changed).toEqual([]);
  });

  it('changes nothing when one of them is unknown', () => {
    put([{ name: 'beta' }]);
    expect(() => editBranches(site, ['beta', 'btea'], { enabled: false })).toThrow(
      expect.objectContaining({ code: 'INPUT_REFUSED', hint: containing("did you mean 'beta'?") }),
    );
    expect(written()).toEqual([{ name: 'beta' }]);
  });

  it('loses no change when many people change the list at once', async () => {
    const names = Array.from({ length: 8 }, (_, index) => `b${String(index)}`);
    put(names.map((name) => ({ name })));
    const script = bundledScript(
      base,
      'edit',
      `import { editBranches } from './lib/release/site/site-branches.ts';
       editBranches(process.argv[2], [process.argv[3]], { enabled: false });
       editBranches(process.argv[2], [process.argv[3]], { description: 'from ' + process.argv[3] });`,
    );
    const editors = names.map((name) => spawn(process.execPath, [script, site, name], { stdio: ['ignore', 'ignore', 'inherit'] }));
    expect(await Promise.all(editors.map((editor) => new Promise((resolve) => editor.once('exit', resolve))))).toEqual(names.map(() => 0));
    expect(written()).toEqual(names.map((name) => ({ name, enabled: false, description: `from ${name}` })));
  });
});

describe('removeBranches', () => {
  beforeEach(async () => {
    addBranch(site, 'beta', {});
    addBranch(site, 'nightly', {});
    const from = writeTree(join(base, 'tree'), dashboard('one'));
    await release({ site, from, version: '1.0.0' });
    writeTree(from, dashboard('two'));
    await release({ site, from, version: '1.1.0-beta.1', branch: 'beta' });
    await release({ site, from, version: '1.1.0-beta.1', branch: 'nightly' });
  });

  it('takes a branch away with what is published on it, and leaves the rest', async () => {
    const before = snapshot(site).filter(
      (line) => !/^(branches(_sequence)?\.json|(manifest|releases)_beta\.json|(files|manifests)\/beta)/.test(line),
    );
    const { branches } = removeBranches(site, ['beta']);
    expect(snapshot(site).filter((line) => !line.startsWith('branches'))).toEqual(before);
    expect(branches.map(({ name }) => name)).toEqual(['stable', 'nightly']);
    expect(await verifySite(site)).toMatchObject({ problems: [], bundles: 2 });
  });

  it('finishes a removal that was cut', async () => {
    put([{ name: 'nightly' }]);
    fs.rmSync(join(site, 'manifest_beta.json'));
    fs.rmSync(join(site, 'releases_beta.json'));
    expect((await verifySite(site)).problems).toEqual([containing('files/beta: no manifest names anything there')]);
    removeBranches(site, ['beta']);
    expect((await verifySite(site)).problems).toEqual([]);
    expect(() => removeBranches(site, ['beta'])).toThrow(expect.objectContaining({ code: 'INPUT_REFUSED' }));
  });

  it.each(['releases_beta.json', 'manifests/beta', 'files/beta', 'manifest_beta.json'])('finishes one that left only %s', async (left) => {
    removeBranches(site, ['nightly']);
    put([]);
    const all = ['releases_beta.json', 'manifests/beta', 'files/beta', 'manifest_beta.json'];
    for (const path of all) if (path !== left) fs.rmSync(join(site, path), { recursive: true });
    removeBranches(site, ['beta']);
    expect(snapshot(site).filter((line) => /beta/.test(line) && !line.startsWith('bundles/'))).toEqual([]);
    expect((await verifySite(site)).problems).toEqual([]);
  });

  it('removes nothing when one of them is unknown', () => {
    const before = snapshot(site);
    expect(() => removeBranches(site, ['beta', 'nighty'])).toThrow(expect.objectContaining({ hint: containing("did you mean 'nightly'?") }));
    expect(snapshot(site)).toEqual(before);
  });
});

it.each<[string, (dir: string) => unknown]>([
  ['list', (dir) => listBranches(dir)],
  ['add', (dir) => addBranch(dir, 'beta', {})],
  ['edit', (dir) => editBranches(dir, ['beta'], { enabled: true })],
  ['remove', (dir) => removeBranches(dir, ['beta'])],
])('%s refuses a folder that is no site', (_name, act) => {
  expect(() => act(base)).toThrow(expect.objectContaining({ code: 'SITE_INVALID' }));
});

it.each<[string, (dir: string) => unknown]>([
  ['add', (dir) => addBranch(dir, 'beta', {})],
  ['edit', (dir) => editBranches(dir, ['beta'], { enabled: true })],
  ['remove', (dir) => removeBranches(dir, ['beta'])],
])('%s refuses a signed site without keys, and changes nothing', (_name, act) => {
  fs.mkdirSync(join(site, 'tuf'));
  const before = snapshot(site);
  expect(() => act(site)).toThrow(expect.objectContaining({ code: 'KEY_MISSING' }));
  expect(snapshot(site)).toEqual(before);
});
