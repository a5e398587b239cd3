import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkLists } from '../../../../lib/release/verify/verify-lists.ts';
import { temporary } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { dashboard, emptySite, release, writeTree } from '../../../helpers/site-builder.ts';

async function twoReleases(minVersion: string | null = null): Promise<string> {
  const base = temporary();
  const site = emptySite(base);
  for (const version of ['1.0.0', '2.0.0']) {
    const requires = { minVersion: version === '2.0.0' ? minVersion : null };
    await release({ site, from: writeTree(join(base, version), dashboard(version)), version, ...requires });
  }
  return site;
}

const OFFERED = [{ branch: 'stable', version: '2.0.0' }];
const KEPT = 'manifests/stable/1.0.0.json';

describe('checkLists', () => {
  it('finds nothing in what was built, and gives the manifests', async () => {
    const { problems, notices, manifests } = checkLists(await twoReleases(), OFFERED);
    expect({ problems, notices }).toEqual({ problems: [], notices: [] });
    expect([...manifests.keys()]).toEqual(['manifests/stable/2.0.0.json', KEPT]);
  });

  it.each([
    [
      'missing',
      (path: string) => {
        fs.rmSync(path);
      },
      `${KEPT}: it is missing`,
    ],
    [
      'longer',
      (path: string) => {
        fs.appendFileSync(path, ' ');
      },
      `${KEPT}: size`,
    ],
    [
      'other-bytes',
      (path: string) => {
        fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace('1.0.0', '1.0.1'));
      },
      `${KEPT}: sha256`,
    ],
  ])('names a manifest that is not as listed: %s', async (_name, damage, expected) => {
    const site = await twoReleases();
    damage(join(site, KEPT));
    expect(checkLists(site, OFFERED).problems).toEqual([containing(expected)]);
  });

  it('names a list that cannot be read', async () => {
    const site = await twoReleases();
    fs.writeFileSync(join(site, 'releases.json'), '{');
    expect(checkLists(site, OFFERED).problems).toEqual([containing('releases.json: ')]);
  });

  it('says of a bundle that was deleted what that means, and does not call it wrong', async () => {
    const site = await twoReleases('1.0.0');
    fs.rmSync(join(site, 'bundles/pikit-1.0.0.tar.gz'));
    expect(checkLists(site, OFFERED)).toMatchObject({ problems: [], notices: [containing('devices that need 1.0.0 first cannot go on')] });
  });

  it('says nothing of one that no device is sent to any more', async () => {
    const site = await twoReleases();
    fs.rmSync(join(site, 'bundles/pikit-1.0.0.tar.gz'));
    expect(checkLists(site, OFFERED)).toMatchObject({ problems: [], notices: [] });
  });
});
