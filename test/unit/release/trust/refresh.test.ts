import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { verifySite } from '../../../../lib/release/verify/verify.ts';
import { newDevice, readAsDevice, releaseBench, signedBench } from '../../../helpers/signed-site.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();

describe('refresh', () => {
  it('renews snapshot and timestamp, with the online key alone, and says what else is due', async () => {
    const { site, keys, done } = await signedBench(dir());
    const device = readAsDevice(site, newDevice(site)).seen;
    fs.mkdirSync(join(dir(), 'online'), { mode: 0o700 });
    for (const end of ['.pem', '.pub.pem']) fs.copyFileSync(join(keys, `online${end}`), join(dir(), 'online', `online${end}`));
    const told = await done('refresh --site SITE --keys BASE/online --expires timestamp=30');
    expect(told).toMatch(/snapshot {3}valid until 2027-11-20T10:00:00\.000Z\n {2}timestamp {2}valid until 2026-12-20T10:00:00\.000Z\n$/);
    expect(readAsDevice(site, device).offers).toEqual({ 'manifest.json': '1.0.0' });
    const later = await done('refresh --site SITE --keys BASE/online', { now: new Date('2028-09-01T00:00:00Z') });
    expect(later).toMatch(/timestamp {2}valid until 2028-10-01T00:00:00\.000Z\n/);
    expect(later).toMatch(/'targets' is valid until 2028-11-19T10:00:00\.000Z, and its keys are not at hand/);
  });

  it('renews the root, with devices that follow', async () => {
    const { site, done } = await signedBench(dir());
    expect(await done('refresh --site SITE --expires root=100')).toMatch(/root +valid until 2027-02-28/);
    expect(readAsDevice(site, newDevice(site)).offers).toEqual({ 'manifest.json': '1.0.0' });
    expect(fs.readFileSync(join(site, 'tuf/root.json'))).toEqual(fs.readFileSync(join(site, 'tuf/2.root.json')));
  });

  it('finishes what a run has left that was cut short between the two names of a root', async () => {
    const { site, done, run } = await signedBench(dir());
    const before = fs.readFileSync(join(site, 'tuf/root.json'));
    await done('key rotate targets --site SITE');
    fs.writeFileSync(join(site, 'tuf/root.json'), before);
    const { out, err } = await run('verify --site SITE');
    expect(out + err).toMatch(/not the newest root \(version 2\): finish with pikit-release refresh/);
    await done('refresh --site SITE');
    expect((await run('verify --site SITE')).code).toBe(0);
  });
});

describe('verify', () => {
  it('warns a month before a signature expires, and finds it expired afterwards', async () => {
    const { site, run } = await signedBench(dir());
    expect((await run('verify --site SITE')).out).toMatch(/^the signed site /);
    const soon = await run('verify --site SITE', { now: new Date('2027-11-01T00:00:00Z') });
    expect(soon.code).toBe(0);
    expect(soon.err).toMatch(/notice: 'timestamp' is valid until 2027-11-20T10:00:00\.000Z, for 19 days: then devices install nothing more/);
    const late = await run('verify --site SITE', { now: new Date('2027-11-21T00:00:00Z') });
    expect(late).toMatchObject({ code: 1 });
    expect(late.out).toMatch(/tuf\/: 'timestamp' was valid until/);
    expect((await verifySite(site, undefined, { at: new Date('2026-11-21T00:00:00Z') })).problems).toEqual([]);
  });

  it.each<[string, (site: string) => void, RegExp]>([
    [
      'changed-document',
      (site) => {
        fs.appendFileSync(join(site, 'branches.json'), ' ');
      },
      /^branches\.json: it is not as it is signed/m,
    ],
    [
      'no-copies',
      (site) => {
        fs.rmSync(join(site, 'tuf/targets'), { recursive: true });
      },
      /^tuf\/targets\/[0-9a-f]{64}\.manifest\.json: it is missing/m,
    ],
    [
      'old-root',
      (site) => {
        fs.appendFileSync(join(site, 'tuf/root.json'), ' ');
      },
      /^tuf\/root\.json: it is not the newest root/m,
    ],
    [
      'changed-timestamp',
      (site) => {
        edit(join(site, 'tuf/timestamp.json'));
      },
      /is not signed by enough of the keys/,
    ],
  ])('finds %s', async (_name, spoil, says) => {
    const { site, run } = await signedBench(dir());
    spoil(site);
    expect((await run('verify --site SITE')).out).toMatch(says);
  });
});

describe('init and sign', () => {
  it('go on with the keys that an interrupted run has made, and lose none', async () => {
    const { site, keys, done, run } = releaseBench(dir());
    await done('init --site SITE');
    const before = fs.readFileSync(join(keys, 'targets.pem'));
    fs.rmSync(site, { recursive: true });
    fs.rmSync(join(keys, 'root.json'));
    expect(await done('init --site SITE')).toMatch(/targets\.pem .*\(was there\)/);
    expect(fs.readFileSync(join(keys, 'targets.pem'))).toEqual(before);
    expect((await run('init --site BASE/other --keys KEYS')).err).toMatch(/has the keys of a site already/);
    expect(fs.existsSync(join(dir(), 'other'))).toBe(false);
  });

  it('make an unsigned site a signed one', async () => {
    const { site, done, run } = releaseBench(dir());
    await done('init --site SITE --unsigned');
    await done('build --site SITE --from BASE/tree --version 1.0.0');
    expect((await run('refresh --site SITE')).err).toMatch(/is an unsigned site\nhint: make it a signed one/);
    expect(await done('sign --site SITE')).toMatch(/^signed the site .*what to do next:/s);
    expect(readAsDevice(site, newDevice(site)).offers).toEqual({ 'manifest.json': '1.0.0' });
    expect(await done('prune --site SITE')).toBe('there was nothing to remove\n');
    expect(await done('key list --site SITE')).toMatch(
      /^root: 1 of 1 key, version 1, valid until 2031-11-19T10:00:00\.000Z \(1825 days\)\n {2}SHA256:\S+ {2}root {2}\(here: /,
    );
  });
});

function edit(path: string): void {
  fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace('"version":', '"version": 1, "x":'));
}
