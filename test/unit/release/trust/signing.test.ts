/** Builds and renewals of a signed site that are killed at every change of a file: devices find the old or the new. */
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { putOnBranch } from '../../../../lib/release/builder/put-on-branch.ts';
import { keptManifestPath } from '../../../../lib/core/release/site-layout.ts';
import { parseManifest } from '../../../../lib/core/release/manifest.ts';
import { readSignedSite } from '../../../../lib/release/trust/read-signed-site.ts';
import { refreshSite } from '../../../../lib/release/trust/refresh.ts';
import { assertCanSign, documentNames, unsignedDocuments } from '../../../../lib/release/trust/signing.ts';
import { runWithFault } from '../../../helpers/crash.ts';
import { newDevice, readAsDevice, signedBench, signingOf } from '../../../helpers/signed-site.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

/** Kills `act` at each of its changes, on a fresh copy of the site each time. */
function killedEverywhere(site: string, act: () => void, check: () => void): void {
  fs.cpSync(site, join(dir(), 'old'), { recursive: true });
  for (let at = 1, isOver = false; !isOver; at += 1) {
    fs.rmSync(site, { recursive: true });
    fs.cpSync(join(dir(), 'old'), site, { recursive: true });
    isOver = !runWithFault({ kind: 'die', at }, act).hit;
    check();
  }
}

describe('a run that is killed', () => {
  it('leaves the old release or the new one to devices, and is finished by the same command: build', async () => {
    const { site, keys, done } = await signedBench(dir());
    const device = readAsDevice(site, newDevice(site)).seen;
    // What a build of 1.1.0 hands to the branch, taken from one that was not killed.
    fs.cpSync(site, join(dir(), 'copy'), { recursive: true });
    await done('build --site BASE/copy --from BASE/tree --version 1.1.0 --keys KEYS');
    fs.copyFileSync(join(dir(), 'copy/bundles/pikit-1.1.0.tar.gz'), join(site, 'bundles/pikit-1.1.0.tar.gz'));
    const manifest = fs.readFileSync(join(dir(), 'copy', keptManifestPath('stable', '1.1.0')));
    const signing = signingOf(keys);
    const build = (sequence: number, bytes: Buffer | null): void => {
      const { files } = parseManifest(manifest);
      putOnBranch({ site, branch: 'stable', sequence, files, sourceOf: ({ path }) => join(dir(), 'tree', path), manifest: bytes, signing });
    };
    const offers = new Set<string | undefined>();
    killedEverywhere(
      site,
      () => {
        build(2, manifest);
      },
      () => {
        offers.add(readAsDevice(site, device).offers['manifest.json']);
        const isThere = parseManifest(fs.readFileSync(join(site, 'manifest.json'))).version === '1.1.0';
        build(isThere ? 3 : 2, isThere ? null : manifest);
        expect(readAsDevice(site, device).offers).toEqual({ 'manifest.json': '1.1.0' });
        expect(unsignedDocuments(site, readSignedSite(site, null))).toEqual([]);
      },
    );
    expect([...offers]).toEqual(['1.0.0', '1.1.0']);
  });

  it('leaves signatures that count: refresh', async () => {
    const { site, keys } = await signedBench(dir());
    const device = readAsDevice(site, newDevice(site)).seen;
    const signing = signingOf(keys);
    const versions = new Set<number>();
    killedEverywhere(
      site,
      () => {
        refreshSite(site, new Map(), signing);
      },
      () => {
        expect(readAsDevice(site, device).offers).toEqual({ 'manifest.json': '1.0.0' });
        versions.add(readSignedSite(site, null).timestamp.version);
        refreshSite(site, new Map(), signing);
        expect(readAsDevice(site, device).offers).toEqual({ 'manifest.json': '1.0.0' });
      },
    );
    expect([...versions]).toEqual([2, 3]);
  });
});

describe('a change by other hands', () => {
  it('is not signed along with a release, and told', async () => {
    const { site, done } = await signedBench(dir());
    await done('branch add beta --site SITE');
    await done('build --site SITE --from BASE/tree --version 1.1.0-b.1 --branch beta');
    fs.appendFileSync(join(site, 'manifest_beta.json'), ' ');
    expect(await done('build --site SITE --from BASE/tree --version 1.1.0')).toMatch(/'manifest_beta\.json' is not as it is signed/);
    expect(readAsDevice(site, newDevice(site)).offers).toEqual({ 'manifest.json': '1.1.0', 'manifest_beta.json': '1.1.0-b.1' });
    expect(await done('sign --site SITE')).toBe('signed manifest_beta.json\n');
    expect(await done('sign --site SITE')).toMatch(/is signed already/);
    expect(documentNames(site)).toEqual(['branches.json', 'manifest.json', 'manifest_beta.json', 'releases.json', 'releases_beta.json']);
  });

  it('of the metadata is refused', async () => {
    const { site, run } = await signedBench(dir());
    fs.appendFileSync(join(site, 'tuf/2.targets.json'), ' ');
    expect((await run('build --site SITE --from BASE/tree --version 1.1.0')).err).toMatch(/'targets\.json' is not the one that is named/);
  });
});

it('needs keys for a signed site', async () => {
  const { site } = await signedBench(dir());
  expect(() => {
    assertCanSign(site, null, { branches: ['stable'], list: false });
  }).toThrow(expect.objectContaining({ code: 'KEY_MISSING' }));
});
