import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256Of } from '../../../../lib/core/digest.ts';
import { apply } from '../../../../lib/steps/apply.ts';
import { check } from '../../../../lib/steps/check.ts';
import { fetchRelease } from '../../../../lib/steps/fetch.ts';
import { lifecycleEvent } from '../../../../lib/steps/outcome/lifecycle.ts';
import { recoverStep } from '../../../../lib/steps/recover.ts';
import { rollback } from '../../../../lib/steps/rollback.ts';
import type { Device } from '../../../helpers/device.ts';
import { NOW, netDeps, rootDeps, stepDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import type { SignedSite } from '../../../helpers/tuf-site.ts';
import { onSignedSite } from '../../../helpers/tuf-site.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import { holdVersions } from '../published.ts';

const stored = (on: Device): string[] => (fs.existsSync(on.paths.trusted) ? fs.readdirSync(on.paths.trusted).toSorted() : []);

/** A device with 1.0.0 and 1.1.0 downloaded. */
async function staged(): Promise<SignedSite & { on: Device }> {
  const site = await onSignedSite(['1.0.0', '1.1.0']);
  await fetchRelease(netDeps(site.on));
  return site;
}

it('lets the journal know at each step who signed it', async () => {
  const { on } = await onSignedSite(['1.0.0', '1.1.0']);
  const steps = [
    ['check', 'available', () => check(netDeps(on))],
    ['fetch', 'downloaded', () => fetchRelease(netDeps(on))],
    ['apply', 'installed', () => apply(rootDeps(on))],
  ] as const;
  for (const [step, is, run] of steps)
    expect(lifecycleEvent(stepDeps(on), step, await run())).toEqual({ is, version: '1.1.0', branch: 'stable', signedBy: 'targets' });
});

it('verifies by itself, stores what it verified, and installs; the receipt says who signed it', async () => {
  const { on, server, tuf } = await staged();
  server.seen.length = 0;
  const deps = rootDeps(on);
  expect(await apply(deps)).toMatchObject({ outcome: 'ok', to: '1.1.0' });
  expect(server.seen).toEqual([]);
  expect(deps.said).toContain('info: 1.1.0 is signed by targets (valid until 2026-12-06)');
  expect(stored(on)).toEqual(['1.root.json', 'root.json', 'snapshot.json', 'targets.json', 'timestamp.json']);
  expect(fs.statSync(on.paths.trusted).mode & 0o777).toBe(0o700);
  const receipt = on.files.readHistory().at(-1);
  expect(receipt?.signed).toMatchObject({ role: 'targets', keys: [{ name: 'targets' }] });
  expect(on.files.readPublished()).toMatchObject({
    trust: { root: 1, timestamp: tuf.timestamp.version, at: NOW.toISOString() },
    history: [{}, { signed: { role: 'targets' } }],
  });
});

it('installs without a network, and with nothing of the cache but what it verifies', async () => {
  const { on } = await staged();
  const { stateDir, cacheDir } = on.paths;
  fs.rmSync(join(stateDir, 'state.json'));
  for (const name of fs.readdirSync(join(cacheDir, 'source'))) fs.rmSync(join(cacheDir, 'source', name));
  expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'ok', to: '1.1.0' });
});

it('stores before it installs: what is refused for another reason has raised what counts all the same', async () => {
  const { on, tuf } = await staged();
  holdVersions(on, { version: '1.1.0', reason: 'failed', code: null, message: 'it does not start', at: NOW.toISOString(), attempts: 1 });
  await expect(apply(rootDeps(on))).resolves.toMatchObject({ outcome: 'nothing', message: containing('held') });
  expect(on.files.readPublished()?.trust?.timestamp).toBe(tuf.timestamp.version);
});

describe('what is staged', () => {
  it('is refused when it is not what is signed, whatever its mark says', async () => {
    const { on } = await staged();
    const file = join(on.paths.cacheDir, '1.1.0/manifest.json');
    const text = fs.readFileSync(file, 'utf8').replace('"changelog"', '"notes":"mine","changelog"');
    fs.writeFileSync(file, text);
    const mark = on.files.readStaged();
    if (mark !== null) on.files.writeStaged({ ...mark, manifest_sha256: sha256Of(Buffer.from(text)) });
    const before = on.tree();
    await expect(apply(rootDeps(on))).rejects.toMatchObject({
      code: 'SIGNATURE_MISSING',
      message: "1.1.0 is downloaded, and is not what is signed for the branch 'stable' now",
    });
    expect(on.tree()).toEqual(before);
    expect(on.files.readStaged()).not.toBeNull();
    expect(on.files.readState().trust?.problem).toMatchObject({ code: 'SIGNATURE_MISSING' });
  });

  it('is refused when it was signed for another branch', async () => {
    const { on, publish, sign } = await onSignedSite(['1.0.0', '1.1.0']);
    await publish('2.0.0', { branch: 'beta' });
    sign();
    on.files.writeSettings({ ...on.files.readSettings(), branch: 'beta' });
    await fetchRelease(netDeps(on));
    on.files.writeSettings({ ...on.files.readSettings(), branch: 'stable' });
    const mark = on.files.readStaged();
    expect(mark).toMatchObject({ version: '2.0.0', branch: 'beta' });
    if (mark !== null) on.files.writeStaged({ ...mark, branch: 'stable' });
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' });
    expect(on.files.readVersion()).toBe('1.0.0');
  });

  it('is refused when it has expired since', async () => {
    const { on } = await staged();
    const before = on.tree();
    const now = (): Date => new Date('2027-02-01T00:00:00Z');
    await expect(apply(rootDeps(on, { now }))).rejects.toMatchObject({
      code: 'METADATA_EXPIRED',
      message: containing('last known good on 2026-11-22'),
    });
    expect(on.tree()).toEqual(before);
    expect(on.files.readState()).toMatchObject({ staged: { version: '1.1.0' }, trust: { problem: { code: 'METADATA_EXPIRED' } } });
  });

  it('is installed by the branch that the signed list knows, and by no other list', async () => {
    const { on, publish, sign } = await onSignedSite(['1.0.0', '1.1.0']);
    await publish('2.0.0', { branch: 'beta' });
    sign();
    on.files.writeSettings({ ...on.files.readSettings(), branch: 'beta' });
    await fetchRelease(netDeps(on));
    fs.writeFileSync(join(on.paths.cacheDir, 'source/branches.json'), '[]');
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'METADATA_MISMATCH', message: containing('source/branches.json') });
    await fetchRelease(netDeps(on));
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'ok', to: '2.0.0', branch: 'beta' });
  });
});

describe('a cache of signatures', () => {
  const cached = (on: Device, name: string): string => join(on.paths.trustCache, name);

  it.each<[name: string, damage: (on: Device) => void, error: object]>([
    ['is empty', (on) => { fs.rmSync(on.paths.trustCache, { recursive: true }); }, { code: 'SIGNATURE_MISSING', message: containing("/trust/timestamp.json' is not there: the last check") }], // prettier-ignore
    ['has garbage', (on) => { fs.writeFileSync(cached(on, 'timestamp.json'), 'garbage'); }, { code: 'METADATA_INVALID' }], // prettier-ignore
    ['has a next root that is none', (on) => { fs.writeFileSync(cached(on, '2.root.json'), '{}'); }, { code: 'METADATA_INVALID' }], // prettier-ignore
    ['has a next root that is too large', (on) => { fs.writeFileSync(cached(on, '2.root.json'), Buffer.alloc(65 * 1024)); }, { code: 'METADATA_INVALID' }], // prettier-ignore
    ['is a file', (on) => { fs.rmSync(on.paths.trustCache, { recursive: true }); fs.writeFileSync(on.paths.trustCache, ''); }, { code: 'METADATA_INVALID' }], // prettier-ignore
    ['is a link', (on) => { fs.renameSync(on.paths.trustCache, on.at('/else')); fs.symlinkSync(on.at('/else'), on.paths.trustCache); }, { code: 'METADATA_INVALID' }], // prettier-ignore
  ])('that %s leads to a check, which mends it, and not to the maintainer', async (_name, damage, error) => {
    const { on } = await staged();
    damage(on);
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ ...error, hint: containing('`pikit-update check` asks the source again') });
    expect(on.files.readVersion()).toBe('1.0.0');
    await check(netDeps(on));
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'ok', to: '1.1.0' });
  });
});

describe('a release on the way to the newest', () => {
  async function onTheWay(): Promise<SignedSite & { on: Device }> {
    const site = await onSignedSite(['1.0.0', '1.1.0'], {});
    await site.publish('2.0.0', { minVersion: '1.1.0' });
    site.sign();
    await fetchRelease(netDeps(site.on));
    return site;
  }

  it('is installed when the signed list has it', async () => {
    const { on } = await onTheWay();
    expect(on.files.readStaged()?.version).toBe('1.1.0');
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'ok', to: '1.1.0' });
    expect(on.files.readHistory().at(-1)?.signed?.role).toBe('targets');
  });

  it('is refused when only the list in the cache has it', async () => {
    const { on } = await onTheWay();
    const list = join(on.paths.cacheDir, 'source/releases.json');
    fs.writeFileSync(list, `${fs.readFileSync(list, 'utf8')} `);
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' });
    expect(on.files.readVersion()).toBe('1.0.0');
  });

  it('is refused when the newest can be installed over it already', async () => {
    const { on } = await onTheWay();
    fs.writeFileSync(on.paths.version, '1.1.0\n');
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'SIGNATURE_MISSING' });
  });
});

describe('a branch with keys of its own', () => {
  async function withNightly(): Promise<SignedSite & { on: Device }> {
    const site = await onSignedSite(['1.0.0', '1.1.0']);
    site.tuf.delegate('branch-nightly', { keys: [testKey('ci')] });
    await site.publish('3.0.0', { branch: 'nightly' });
    site.sign();
    return site;
  }

  it('is followed by those who chose it, and says whose keys', async () => {
    const { on } = await withNightly();
    on.files.writeSettings({ ...on.files.readSettings(), branch: 'nightly' });
    await fetchRelease(netDeps(on));
    expect(on.files.readState().available?.signed).toMatchObject({ role: 'branch-nightly', keys: [{ name: 'ci' }] });
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'ok', to: '3.0.0' });
    expect(stored(on)).toContain('branch-nightly.json');
  });

  it('signs nothing of stable: what its role names there counts for nothing', async () => {
    const { on, tuf, upload, site } = await withNightly();
    const nightly = fs.readFileSync(join(site, 'manifest_nightly.json'));
    tuf.put('manifest.json', nightly, 'branch-nightly');
    tuf.publish();
    upload();
    fs.writeFileSync(join(site, 'manifest.json'), nightly);
    const outcome = await check(netDeps(on)).then(
      ({ message }) => message,
      (error: unknown) => String(error),
    );
    expect(outcome).not.toContain('3.0.0');
    expect(on.files.readState().available?.version ?? '1.1.0').toBe('1.1.0');
  });
});

describe('with trust state that is damaged', () => {
  it('rollback and recover go on: they bring back what was verified before', async () => {
    const { on } = await staged();
    await apply(rootDeps(on));
    for (const name of stored(on)) fs.writeFileSync(join(on.paths.trusted, name), 'garbage');
    fs.writeFileSync(on.paths.trustRoot, 'garbage');
    expect(await recoverStep(stepDeps(on))).toMatchObject({ outcome: 'nothing' });
    expect(await rollback(rootDeps(on))).toMatchObject({ outcome: 'ok', to: '1.0.0' });
    await expect(check(netDeps(on))).rejects.toMatchObject({ code: 'TRUST_INVALID' });
    await expect(apply(rootDeps(on))).resolves.toMatchObject({ outcome: 'nothing' });
  });
});

it('never takes an unsigned device for a signed one, and the other way round', async () => {
  const { on } = await staged();
  on.files.writeState({ ...on.files.readState(), unsigned: true, trust: null });
  expect(on.files.readState().unsigned).toBe(false);
  fs.rmSync(on.paths.trustRoot);
  await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'TRUST_INVALID' });
  await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({ code: 'TRUST_INVALID' });
  expect(on.files.readState()).toMatchObject({ unsigned: false, trust: { problem: { code: 'TRUST_INVALID' } } });
});
