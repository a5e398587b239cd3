import fs from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { sameRelease } from '../../../../lib/core/release/manifest.ts';
import { addBranch } from '../../../../lib/release/site/site-branches.ts';
import type { PromoteOptions, PromotedRelease } from '../../../../lib/release/builder/promote.ts';
import { promoteRelease } from '../../../../lib/release/builder/promote.ts';
import { readManifest } from '../../../../lib/release/site/site.ts';
import { verifySite } from '../../../../lib/release/verify/verify.ts';
import { containing, matching } from '../../../helpers/matchers.ts';
import { dashboard, emptySite, release, snapshot, writeTree } from '../../../helpers/site-builder.ts';
import { folderOfTest } from '../../../helpers/temp.ts';

let base = '';
let site = '';
let from = '';
beforeEach(async () => {
  base = folderOfTest('promote');
  site = emptySite(base);
  from = writeTree(join(base, 'tree'), dashboard('one'));
  addBranch(site, 'beta', {});
  addBranch(site, 'nightly', {});
  await release({ site, from, version: '1.0.0' });
  writeTree(from, { ...dashboard('two'), 'pikit-web/new.js': 'new' });
  fs.rmSync(join(from, 'pikit-web/assets'), { recursive: true });
  await release({ site, from, version: '1.1.0', branch: 'beta', notes: 'what is new', changelog: 'https://example.org/', rolloutPercent: 30 });
});
const promote = async (change: Partial<PromoteOptions> = {}): Promise<PromotedRelease> =>
  await promoteRelease({
    site,
    version: '1.1.0',
    from: 'beta',
    to: 'stable',
    rolloutPercent: null,
    released: new Date('2026-11-30T12:00:00.5Z'),
    ...change,
  });

describe('promoteRelease', () => {
  it('offers the same bytes on another branch', async () => {
    const bundles = snapshot(join(site, 'bundles'));
    expect(await promote()).toEqual({
      version: '1.1.0',
      from: 'beta',
      branch: 'stable',
      sequence: 3,
      manifest: 'manifest.json',
      bundle: 'pikit-1.1.0.tar.gz',
      files: 4,
      rolloutPercent: null,
      already: false,
      notices: [],
    });
    expect(snapshot(join(site, 'bundles'))).toEqual(bundles);
    const [beta, stable] = [readManifest(site, 'manifest_beta.json'), readManifest(site, 'manifest.json')];
    expect(sameRelease(beta, stable)).toBe(true);
    const { rollout, ...rest } = beta;
    expect(rollout).toEqual({ percent: 30 });
    expect(stable).toEqual({ ...rest, branch: 'stable', sequence: 3, released: '2026-11-30T12:00:00Z' });
    const inode = (branch: string): number => fs.statSync(join(site, 'files', branch, 'web/pikit-web/new.js')).ino;
    expect(inode('stable')).toBe(inode('beta'));
    expect(fs.existsSync(join(site, 'files/stable/web/pikit-web/assets'))).toBe(false);
    expect(await verifySite(site)).toMatchObject({ problems: [], bundles: 2 });
  });

  it('keeps what a newer tool said in the manifest', async () => {
    const path = join(site, 'manifest_beta.json');
    fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace('"schema":1', '"schema":1,"later":{"deep":[1]}'));
    await promote();
    expect(JSON.parse(fs.readFileSync(join(site, 'manifest.json'), 'utf8'))).toMatchObject({ later: { deep: [1] }, branch: 'stable' });
  });

  it('widens a rollout when it is run again, and does nothing when it has nothing to do', async () => {
    await promote({ rolloutPercent: 10 });
    expect(await promote({ rolloutPercent: 50 })).toMatchObject({ already: true, sequence: 4, rolloutPercent: 50 });
    expect(readManifest(site, 'manifest.json')).toMatchObject({ sequence: 4, rollout: { percent: 50 }, released: '2026-11-30T12:00:00Z' });
    const before = snapshot(site);
    expect(await promote({ released: new Date() })).toMatchObject({ already: true, sequence: 4, rolloutPercent: 50 });
    expect(snapshot(site)).toEqual(before);
  });

  it('finishes what was cut', async () => {
    await promote();
    const before = snapshot(site);
    fs.rmSync(join(site, 'files/stable/web'), { recursive: true });
    writeTree(site, { 'files/stable/web/pikit-web/assets/app.js': 'old' });
    expect(await promote()).toMatchObject({ already: true });
    expect(snapshot(site)).toEqual(before);
  });

  it('takes the files from the bundle where they are not on the branch', async () => {
    fs.rmSync(join(site, 'files/beta/web'), { recursive: true });
    await promote();
    fs.rmSync(join(site, 'files/beta'), { recursive: true });
    await promote({ from: 'stable', to: 'beta' });
    expect(await verifySite(site)).toMatchObject({ problems: [], bundles: 2 });
  });

  it('says what keeps devices from the branch', async () => {
    addBranch(site, 'off', { enabled: false });
    expect((await promote({ to: 'off' })).notices).toEqual([matching(/'off' is disabled/)]);
  });

  it.each<[string, Partial<PromoteOptions>, string, RegExp, unknown]>([
    ['from-unknown', { from: 'bta' }, 'INPUT_REFUSED', /no branch 'bta'/, containing("did you mean 'beta'?")],
    ['to-unknown', { to: 'stabel' }, 'INPUT_REFUSED', /no branch 'stabel'/, containing("did you mean 'stable'?")],
    ['nothing-there', { from: 'nightly' }, 'INPUT_REFUSED', /'nightly' has no release to promote/, containing('build --branch nightly')],
    ['another-version', { version: '1.2.0' }, 'INPUT_REFUSED', /^the branch 'beta' has 1\.1\.0 now, not 1\.2\.0$/, containing('name 1.1.0')],
    [
      'elsewhere',
      { version: '1.0.0', to: 'nightly' },
      'INPUT_REFUSED',
      /'beta' has 1\.1\.0 now, not 1\.0\.0; 1\.0\.0 is on 'stable'$/,
      containing('or another'),
    ],
    [
      'older',
      { version: '1.0.0', from: 'stable', to: 'beta' },
      'VERSION_NOT_NEWER',
      /1\.0\.0 is not newer than 1\.1\.0/,
      containing('newer version'),
    ],
    ['not-semver', { version: 'v1' }, 'VERSION_INVALID', /'v1'/, containing('semver')],
  ])('refuses %s, and leaves the site as it is', async (_name, change, code, says, hint) => {
    const before = snapshot(site);
    await expect(promote(change)).rejects.toMatchObject({ code, message: matching(says), hint });
    expect(snapshot(site)).toEqual(before);
  });

  it.each<[string, () => void, string, RegExp]>([
    [
      'missing',
      () => {
        fs.rmSync(join(site, 'bundles/pikit-1.1.0.tar.gz'));
      },
      'SITE_INVALID',
      /pikit-1\.1\.0\.tar\.gz' cannot be promoted: it is missing/,
    ],
    [
      'changed',
      () => {
        fs.appendFileSync(join(site, 'bundles/pikit-1.1.0.tar.gz'), 'x');
      },
      'SITE_INVALID',
      /sha256 mismatch/,
    ],
    [
      'unknown',
      () => {
        const path = join(site, 'manifest_beta.json');
        fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace(/("size":\d+),"sha256":"[0-9a-f]{64}"(\})/, '$1$2'));
      },
      'SITE_INVALID',
      /does not have its sha256/,
    ],
    [
      'of-another-content-there',
      () => {
        const text = fs.readFileSync(join(site, 'manifest.json'), 'utf8');
        fs.writeFileSync(join(site, 'manifest.json'), text.replace('"version":"1.0.0"', '"version":"1.1.0"'));
      },
      'RELEASE_CHANGED',
      /'stable' has 1\.1\.0 already, with other content/,
    ],
  ])('refuses a bundle that is %s', async (_name, spoil, code, says) => {
    spoil();
    const before = snapshot(site);
    await expect(promote()).rejects.toMatchObject({ code, message: matching(says) });
    expect(snapshot(site)).toEqual(before);
  });

  it('leaves nothing when it is cancelled while it unpacks', async () => {
    fs.rmSync(join(site, 'files/beta'), { recursive: true });
    const before = snapshot(site);
    await expect(promote({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(snapshot(site)).toEqual(before);
  });

  it('leads real web releases from beta to stable', async () => {
    const tree = (version: string): string => {
      const source = new URL(`../../../../node_modules/swagger-ui-dist-${version}/`, import.meta.url).pathname;
      const assets = fs.readdirSync(source).filter((name) => /\.(html|js|css|png)$/.test(name));
      return writeTree(join(base, version), Object.fromEntries(assets.map((name) => [`pikit-web/${name}`, fs.readFileSync(join(source, name))])));
    };
    await release({ site, from: tree('5.17.14'), version: '5.17.14' });
    const beta = await release({ site, from: tree('5.18.2'), version: '5.18.2', branch: 'beta' });
    const shared = fs
      .readdirSync(join(site, 'files/beta/web/pikit-web'))
      .filter((name) => fs.statSync(join(site, 'files/beta/web/pikit-web', name)).nlink > 1);
    expect(shared.length).toBeGreaterThan(0);
    expect(shared.length).toBeLessThan(beta.files);
    expect((await verifySite(site)).problems).toEqual([]);
    await promote({ version: '5.18.2' });
    expect(snapshot(join(site, 'files/stable'))).toEqual(snapshot(join(site, 'files/beta')));
    expect(snapshot(join(site, 'files/stable/web'))).toEqual(snapshot(join(base, '5.18.2')));
    expect(await verifySite(site)).toMatchObject({ problems: [], bundles: 4 });
  });
});
