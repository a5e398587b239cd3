import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { addBranch } from '../../../../lib/release/site/site-branches.ts';
import { verifySite } from '../../../../lib/release/verify/verify.ts';
import { dashboard, emptySite, release, snapshot, writeTree } from '../../../helpers/site-builder.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let base = '';
let site = '';
beforeEach(async () => {
  base = folderOfTest('verify');
  site = emptySite(base);
  const from = writeTree(join(base, 'tree'), dashboard('one'));
  await release({ site, from, version: '1.0.0' });
  writeTree(from, dashboard('two'));
  await release({ site, from, version: '1.1.0' });
});
const put = (name: string, text: string): void => {
  fs.writeFileSync(join(site, name), text);
};
const edit = (name: string, change: (text: string) => string): void => {
  put(name, change(fs.readFileSync(join(site, name), 'utf8')));
};

describe('verifySite', () => {
  it('finds a built site in order, and changes nothing', async () => {
    const before = snapshot(site);
    expect(await verifySite(site)).toEqual({
      problems: [],
      notices: [],
      branches: [{ branch: 'stable', version: '1.1.0', sequence: 2, files: 4, sizeBytes: 112 }],
      bundles: 2,
      signed: false,
    });
    expect(snapshot(site)).toEqual(before);
  });

  it('tells what interrupted runs have left, and does not call it wrong', async () => {
    put('bundles/pikit-2.0.0.tar.gz.0a1b2c3d.tmp', '');
    put('manifest.json.tmp', '');
    fs.mkdirSync(join(site, 'files/.pikit-0a1b2c3d.tmp'));
    const { problems, notices } = await verifySite(site);
    expect(problems).toEqual([]);
    expect(notices.map((notice) => notice.replace(/: .*/, ''))).toEqual([
      'manifest.json.tmp',
      'bundles/pikit-2.0.0.tar.gz.0a1b2c3d.tmp',
      'files/.pikit-0a1b2c3d.tmp',
    ]);
    const { notices: after } = await release({ site, from: join(base, 'tree'), version: '2.0.0' }).then(() => verifySite(site));
    expect(after).toEqual([]);
  });

  it('is content with a site that has no release yet', async () => {
    fs.mkdirSync(join(base, 'new'));
    expect(await verifySite(emptySite(join(base, 'new')))).toMatchObject({ problems: [], notices: ["'stable' has no release yet"] });
  });

  it.each<[string, () => void, RegExp]>([
    [
      'list-missing',
      () => {
        fs.rmSync(join(site, 'branches.json'));
      },
      /^branches\.json: it is missing/,
    ],
    [
      'list-broken',
      () => {
        put('branches.json', '{');
      },
      /^branches\.json: the list is not valid JSON/,
    ],
    [
      'list-with-stable',
      () => {
        put('branches.json', '[{"name":"stable"}]');
      },
      /^branches\.json: .*'stable' is always there/,
    ],
    [
      'manifest-broken',
      () => {
        put('manifest.json', '{}');
      },
      /^manifest\.json: /,
    ],
    [
      'manifest-of-another-branch',
      () => {
        edit('manifest.json', (text) => text.replace('"stable"', '"beta"'));
      },
      /belongs to the branch 'beta'/,
    ],
    [
      'manifest-of-an-unlisted-branch',
      () => {
        fs.copyFileSync(join(site, 'manifest.json'), join(site, 'manifest_beta.json'));
      },
      /^manifest_beta\.json: branches\.json does not list 'beta'/,
    ],
    [
      'manifest-stable-by-name',
      () => {
        fs.copyFileSync(join(site, 'manifest.json'), join(site, 'manifest_stable.json'));
      },
      /the manifest of 'stable' is manifest\.json/,
    ],
    [
      'bundle-missing',
      () => {
        fs.rmSync(join(site, 'bundles/pikit-1.1.0.tar.gz'));
      },
      /^bundles\/pikit-1\.1\.0\.tar\.gz \(named by manifest\.json\): it is missing/,
    ],
    [
      'bundle-changed',
      () => {
        fs.appendFileSync(join(site, 'bundles/pikit-1.1.0.tar.gz'), 'x');
      },
      /size mismatch: expected \d+, got \d+/,
    ],
    [
      'earlier-bundle-changed',
      () => {
        fs.appendFileSync(join(site, 'bundles/pikit-1.0.0.tar.gz'), 'x');
      },
      /^bundles\/pikit-1\.0\.0\.tar\.gz \(named by manifests\/stable\/1\.0\.0\.json\): size mismatch(?:.*\n)+.*1 bytes after the end/,
    ],
    [
      'file-changed',
      () => {
        put('files/stable/api/pikit-api.py', 'x');
      },
      /^files\/stable\/api\/pikit-api\.py: size mismatch/,
    ],
    [
      'file-unknown',
      () => {
        put('files/stable/api/old', '');
      },
      /^files\/stable\/api\/old: the release on this branch does not have it/,
    ],
    [
      'signed',
      () => {
        fs.mkdirSync(join(site, 'tuf'));
      },
      /^tuf\/: /,
    ],
  ])('finds %s', async (_name, spoil, says) => {
    spoil();
    const { problems } = await verifySite(site);
    expect(problems.join('\n')).toMatch(says);
  });

  it('allows one release on two branches, and one version for one release', async () => {
    addBranch(site, 'beta', {});
    await release({ site, from: join(base, 'tree'), version: '1.1.0', branch: 'beta' });
    expect(await verifySite(site)).toMatchObject({
      problems: [],
      bundles: 2,
      signed: false,
      branches: [{ branch: 'stable' }, { branch: 'beta', version: '1.1.0' }],
    });
    edit('manifest_beta.json', (text) => text.replace('"mode":"0755"', '"mode":"0644"'));
    expect((await verifySite(site)).problems.join('\n')).toMatch(
      /manifest_beta\.json: its 1\.1\.0 is not the 1\.1\.0 of manifest\.json: the content differs/,
    );
  });

  it('lists everything, not only the first', async () => {
    put('branches.json', '{');
    put('manifest.json.tmp', '');
    edit('manifest.json', (text) => text.replace(/"sha256":"[0-9a-f]{4}/g, '"sha256":"0000'));
    fs.truncateSync(join(site, 'bundles/pikit-1.0.0.tar.gz'), 50);
    const { problems } = await verifySite(site);
    expect(problems).toHaveLength(1 + 6 + 3 + 4);
  });

  it('mentions what it does not know', async () => {
    put('bundles/index.html', '');
    put('branches.json', '[{"name":"beta"}]');
    expect(await verifySite(site)).toMatchObject({
      problems: [],
      notices: ["'beta' has no release yet", 'bundles/index.html is not a bundle, and no manifest names it'],
    });
  });

  it('refuses what is no site', async () => {
    await expect(verifySite(join(base, 'nothing'))).rejects.toMatchObject({ code: 'SITE_INVALID' });
    await expect(verifySite(join(base, 'tree'))).rejects.toMatchObject({ code: 'SITE_INVALID' });
  });
});
