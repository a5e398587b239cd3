import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readKeyFolder } from '../../../../lib/release/keys/key-folder.ts';
import { assertThreshold, keysOfFiles } from '../../../../lib/release/trust/branch-keys.ts';
import { targetCopyPath } from '../../../../lib/core/trust/metadata-layout.ts';
import type { Issue } from '../../../../lib/release/trust/metadata-text.ts';
import { documentFacts, signedBytes, snapshotPart, targetsPart, timestampPart, versionedFile } from '../../../../lib/release/trust/metadata-text.ts';
import { signerFor } from '../../../../lib/release/trust/sign-role.ts';
import type { RoleKeys } from '../../../../lib/release/trust/signed-site.ts';
import { readSignedSite } from '../../../../lib/release/trust/read-signed-site.ts';
import { writeMetadata } from '../../../../lib/release/trust/metadata-files.ts';
import type { ReleaseBench } from '../../../helpers/signed-site.ts';
import { foreignDownload, newDevice, readAsDevice, signedBench, signingOf } from '../../../helpers/signed-site.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

/** A site with a branch `nightly`, and a folder `ci` with the keys that a machine has which builds it. */
async function withNightly(now?: Date): Promise<ReleaseBench> {
  const bench = await signedBench(dir(), '', now);
  await bench.done('branch add nightly --new-key --site SITE');
  fs.mkdirSync(join(dir(), 'ci'), { mode: 0o700 });
  for (const name of ['branch-nightly', 'online']) {
    for (const end of ['.pem', '.pub.pem']) fs.copyFileSync(join(bench.keys, name + end), join(dir(), 'ci', name + end));
  }
  return bench;
}

describe('a branch with keys of its own', () => {
  it('is signed by them and the online key, and by no others', async () => {
    const { site, done, run } = await withNightly();
    // Before its first release, devices that follow it find a signed list that has nothing.
    expect(readAsDevice(site, newDevice(site))).toMatchObject({ offers: { 'manifest.json': '1.0.0' }, roles: { 'branch-nightly': 1 } });
    await done('build --site SITE --from BASE/tree --version 1.1.0-n.1 --branch nightly --keys BASE/ci');
    expect(readAsDevice(site, newDevice(site))).toMatchObject({
      offers: { 'manifest.json': '1.0.0', 'manifest_nightly.json': '1.1.0-n.1' },
      roles: { targets: 3, 'branch-nightly': 2 },
    });
    for (const line of [
      'build --site SITE --from BASE/tree --version 1.1.0',
      'promote 1.1.0-n.1 --from nightly --to stable --site SITE',
      'withdraw 1.0.0 --site SITE',
      'branch add beta --site SITE',
      'branch remove nightly --site SITE',
      'key add targets --new-key --site SITE',
    ]) {
      const before = fs.readFileSync(join(site, 'tuf/timestamp.json'));
      const { code, err, out } = await run(`${line} --keys BASE/ci`);
      expect({ line, code, missing: /^error: '(targets|root)' has to be signed by|lacks/.test(err + out) }).toEqual({
        line,
        code: code === 0 ? 0 : 1,
        missing: true,
      });
      expect(fs.readFileSync(join(site, 'tuf/timestamp.json'))).toEqual(before);
    }
  });

  it('cannot offer what is not its own: a client does not look there', async () => {
    const now = new Date();
    const { site, done, keys } = await withNightly(now);
    await done('build --site SITE --from BASE/tree --version 1.1.0-n.1 --branch nightly --keys BASE/ci');
    // With its keys you can write any metadata: this one names the manifest of stable, and a list of branches.
    const { ring } = signingOf(join(dir(), 'ci'));
    const honest = readSignedSite(site, null);
    const issue = (version: number): Issue => ({ version, days: 365, at: now });
    const only = (file: string): RoleKeys => ({ threshold: 1, keys: keysOfFiles([join(keys, `${file}.pub.pem`)]) });
    const evil = Buffer.from('{"version":"6.6.6"}');
    const documents = new Map(
      ['manifest.json', 'branches.json', 'manifest_beta.json'].map((name) => [name, { ...documentFacts(evil), isGzipped: false }]),
    );
    const nightly = signedBytes(targetsPart(issue(2), documents, new Map()), signerFor(ring, 'branch-nightly', [only('branch-nightly')]));
    const meta = new Map([...honest.snapshot.meta, ['branch-nightly.json', { version: 2, ...documentFacts(nightly) }] as const]);
    const snapshot = signedBytes(snapshotPart(issue(9), meta), signerFor(ring, 'snapshot', [only('online')]));
    const timestamp = signedBytes(
      timestampPart(issue(9), { version: 9, ...documentFacts(snapshot) }),
      signerFor(ring, 'timestamp', [only('online')]),
    );
    writeMetadata(site, [
      ...[...documents.keys()].map((name) => ({ path: targetCopyPath(name, documentFacts(evil).sha256), bytes: evil })),
      versionedFile('branch-nightly', 2, nightly),
      versionedFile('snapshot', 9, snapshot),
      { path: 'tuf/timestamp.json', bytes: timestamp },
    ]);
    const folder = join(dir(), 'client');
    fs.mkdirSync(folder);
    fs.copyFileSync(join(site, 'tuf/1.root.json'), join(folder, 'root.json'));
    expect(JSON.parse(await foreignDownload(site, folder, 'manifest.json'))).toMatchObject({ version: '1.0.0' });
    expect(await foreignDownload(site, folder, 'branches.json')).toMatch(/nightly/);
    await expect(foreignDownload(site, folder, 'manifest_beta.json')).rejects.toThrow(/is not signed/);
    // It is at work: its own documents are gone.
    await expect(foreignDownload(site, folder, 'manifest_nightly.json')).rejects.toThrow(/is not signed/);
  });

  it('gets other keys: those before sign no more', async () => {
    const { site, done, run } = await withNightly();
    await done('build --site SITE --from BASE/tree --version 1.1.0-n.1 --branch nightly --keys BASE/ci');
    const device = readAsDevice(site, newDevice(site)).seen;
    await done('branch edit nightly --new-key --site SITE');
    expect(readKeyFolder(join(dir(), 'site-keys')).map(({ name }) => name)).toContain('branch-nightly-2');
    expect((await run('build --site SITE --from BASE/tree --version 1.1.0-n.2 --branch nightly --keys BASE/ci')).err).toMatch(
      /'branch-nightly' has to be signed by/,
    );
    await done('build --site SITE --from BASE/tree --version 1.1.0-n.2 --branch nightly');
    expect(readAsDevice(site, device).offers).toEqual({ 'manifest.json': '1.0.0', 'manifest_nightly.json': '1.1.0-n.2' });
  });

  it('is removed and comes again: its versions go on', async () => {
    const { site, done } = await withNightly();
    await done('build --site SITE --from BASE/tree --version 1.1.0-n.1 --branch nightly');
    const device = readAsDevice(site, newDevice(site)).seen;
    await done('branch remove nightly --site SITE');
    const after = readAsDevice(site, device);
    expect(after.offers).toEqual({ 'manifest.json': '1.0.0' });
    await done('branch add nightly --key BASE/ci/branch-nightly.pub.pem --site SITE');
    await done('build --site SITE --from BASE/tree --version 1.2.0-n.1 --branch nightly');
    expect(readAsDevice(site, after.seen)).toMatchObject({ offers: { 'manifest_nightly.json': '1.2.0-n.1' }, roles: { 'branch-nightly': 4 } });
  });

  it('is refused for stable, on an unsigned site, and with a threshold that it cannot meet', async () => {
    const { run, done } = await withNightly();
    await done('init --site BASE/plain --unsigned');
    expect((await run('branch add beta --new-key --site BASE/plain')).err).toMatch(/'BASE\/plain' is unsigned: its branches have no keys/);
    expect((await run('branch edit stable --new-key --site SITE')).code).toBe(2);
    expect((await run('branch add beta --new-key --threshold 2 --site SITE')).err).toMatch(/'branch-beta' has 1 keys, so its threshold cannot be 2/);
  });
});

it('takes each key once', async () => {
  const { keys } = await signedBench(dir());
  const file = join(keys, 'root.pub.pem');
  expect(keysOfFiles([file])).toMatchObject([{ name: 'root' }]);
  expect(() => keysOfFiles([file, file])).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  expect(() => {
    assertThreshold('root', { threshold: 0, keys: keysOfFiles([file]) });
  }).toThrow(expect.objectContaining({ code: 'USAGE' }));
});
