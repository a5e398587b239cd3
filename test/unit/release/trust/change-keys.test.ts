import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runWithFault } from '../../../helpers/crash.ts';
import type { ReleaseBench } from '../../../helpers/signed-site.ts';
import { newDevice, readAsDevice, releaseBench, signedBench, signingOf } from '../../../helpers/signed-site.ts';
import { changeKeys, withKeys, withOtherKeys, withoutKey } from '../../../../lib/release/trust/change-keys.ts';
import { makeKey } from '../../../../lib/release/keys/key-folder.ts';
import { useTempDir } from '../../../helpers/temp.ts';

const dir = useTempDir();
const roots = (site: string): string[] => fs.readdirSync(join(site, 'tuf')).filter((name) => name.endsWith('root.json'));

describe('the keys of one person', () => {
  it.each(['targets', 'online', 'root'])('%s are exchanged, and devices follow', async (role) => {
    const { site, done } = await signedBench(dir());
    const device = readAsDevice(site, newDevice(site)).seen;
    expect(await done(`key rotate ${role} --site SITE`)).toMatch(/the site has root 2 now/);
    const after = readAsDevice(site, device);
    expect(after.offers).toEqual({ 'manifest.json': '1.0.0' });
    await done('build --site SITE --from BASE/tree --version 1.1.0');
    expect(readAsDevice(site, after.seen).offers).toEqual({ 'manifest.json': '1.1.0' });
    expect(readAsDevice(site, newDevice(site)).offers).toEqual({ 'manifest.json': '1.1.0' });
    expect(roots(site)).toEqual(['1.root.json', '2.root.json', 'root.json']);
  });

  it('are refused where they do not sign any more', async () => {
    const { site, done, run } = await signedBench(dir());
    fs.cpSync(join(dir(), 'site-keys'), join(dir(), 'old'), { recursive: true });
    await done('key rotate targets --site SITE');
    const before = fs.readFileSync(join(site, 'tuf/timestamp.json'));
    expect(await run('build --site SITE --from BASE/tree --version 1.1.0 --keys BASE/old')).toMatchObject({ code: 1 });
    expect((await run('build --site SITE --from BASE/tree --version 1.1.0 --keys BASE/old')).err).toMatch(
      /^error: 'targets' has to be signed by the key 'targets-2' \(SHA256:[^)]+\), and it is not at hand\nhint: .*--keys DIR/,
    );
    expect(fs.readFileSync(join(site, 'tuf/timestamp.json'))).toEqual(before);
    expect(fs.existsSync(join(site, 'bundles/pikit-1.1.0.tar.gz'))).toBe(false);
  });

  it('are taken from a role: what they signed counts no more', async () => {
    const { site, done, run } = await signedBench(dir());
    expect(await done('key add targets --new-key --site SITE')).toMatch(/'targets': 1 of 2 keys/);
    fs.cpSync(site, join(dir(), 'before'), { recursive: true });
    expect(await done('key revoke targets targets --site SITE')).toMatch(/the site has root 3 now/);
    const device = readAsDevice(site, newDevice(site)).seen;
    // What a thief of the revoked key signs: the site of before, and one version more.
    fs.copyFileSync(join(site, 'tuf/3.root.json'), join(dir(), 'before/tuf/3.root.json'));
    expect(() => readAsDevice(join(dir(), 'before'), { root: device.root })).toThrow(/targets was signed by 0\/1 keys/);
    expect((await run('key revoke targets targets-2 --site SITE')).err).toMatch(/'targets' has 0 keys, so its threshold cannot be 1/);
    expect((await run('key revoke targets stranger --site SITE')).err).toMatch(
      /the role has no key 'stranger'\nhint: its keys are 'targets-2' \(SHA256:/,
    );
  });
});

it('puts the site in order where a change is refused, and makes no key for one that is not there', async () => {
  const { site, keys, done, run } = await signedBench(dir());
  const before = fs.readFileSync(join(site, 'tuf/root.json'));
  await done('key rotate targets targets --site SITE');
  fs.writeFileSync(join(site, 'tuf/root.json'), before);
  expect((await run('key rotate targets targets --site SITE')).err).toMatch(/^error: the role has no key 'targets'/);
  expect(fs.readFileSync(join(site, 'tuf/root.json'))).toEqual(fs.readFileSync(join(site, 'tuf/2.root.json')));
  expect(fs.readdirSync(keys).filter((name) => name.startsWith('targets'))).toEqual([
    'targets-2.pem',
    'targets-2.pub.pem',
    'targets.pem',
    'targets.pub.pem',
  ]);
});

describe('the keys of a team', () => {
  async function team(): Promise<ReleaseBench & { of: (name: string) => string }> {
    const bench = await signedBench(dir());
    const of = (name: string): string => join(dir(), name);
    for (const name of ['ada', 'bob']) makeKey(of(name), name, null);
    return { ...bench, of };
  }

  it('sign a new root one after the other: two of three', async () => {
    const { site, done, run, of } = await team();
    const told = await done('key add root --key BASE/ada/ada.pub.pem --key BASE/bob/bob.pub.pem --threshold 2 --site SITE');
    expect(told).toMatch(/nothing has changed yet: the new root lacks 1 signature of 'ada' \(SHA256:[^)]+\), 'bob'/);
    expect(roots(site)).toEqual(['1.root.json', 'root.json']);
    const pending = join(dir(), 'site-keys/tuf-pending/2.root.json');
    expect((await run(`key sign ${pending} --site SITE`)).err).toMatch(/^error: no key at hand may sign/);
    fs.copyFileSync(pending, of('mail'));
    expect(await done(`key sign BASE/mail --keys BASE/bob`)).toMatch(/signed by 'bob'/);
    fs.copyFileSync(of('mail'), pending);
    expect(await done(`key sign ${pending} --site SITE`)).toMatch(/it is the root of the site now/);
    expect(fs.existsSync(pending)).toBe(false);
    expect(readAsDevice(site, newDevice(site)).offers).toEqual({ 'manifest.json': '1.0.0' });
    // From now on one of them is not enough.
    expect(await done('key rotate online --site SITE')).toMatch(/the new root lacks 1 signature of 'ada'/);
  });

  it('do not sign for another site, or twice', async () => {
    const { done, run } = await team();
    await done('key add root --key BASE/ada/ada.pub.pem --threshold 2 --site SITE');
    await done('init --site BASE/other --keys BASE/other-keys');
    const pending = 'BASE/site-keys/tuf-pending/2.root.json';
    expect((await run(`key sign ${pending} --site BASE/other --keys BASE/other-keys`)).code).toBe(0);
    expect((await run(`key sign ${pending} --keys BASE/other-keys`)).err).toMatch(/^error: no key at hand may sign/);
    expect((await run('key add root --key BASE/ada/ada.pub.pem --key BASE/ada/ada.pub.pem --site SITE')).err).toMatch(/is given twice/);
    expect((await run('key add targets --new-key --threshold 5 --site SITE')).err).toMatch(/'targets' has 2 keys, so its threshold cannot be 5/);
  });
});

it('leaves devices the old or the new, wherever a rotation is killed, and the same command finishes it', async () => {
  const { site, keys } = await signedBench(dir());
  const [fresh, device] = [makeKey(keys, 'targets-2', null), readAsDevice(site, newDevice(site)).seen];
  fs.cpSync(site, join(dir(), 'old'), { recursive: true });
  for (let at = 1, isOver = false; !isOver; at += 1) {
    fs.rmSync(site, { recursive: true });
    fs.cpSync(join(dir(), 'old'), site, { recursive: true });
    const rotate = (): void => {
      const change = (now: Parameters<typeof withKeys>[0]): ReturnType<typeof withKeys> =>
        now.keys.some(({ id }) => id === fresh.id) ? now : withOtherKeys(now, null, [fresh], null);
      changeKeys({ site, role: 'targets', signing: signingOf(keys), change, pending: join(dir(), 'pending') });
    };
    isOver = !runWithFault({ kind: 'die', at }, rotate).hit;
    expect(readAsDevice(site, device).offers).toEqual({ 'manifest.json': '1.0.0' });
    expect(readAsDevice(site, newDevice(site)).offers).toEqual({ 'manifest.json': '1.0.0' });
    rotate();
    const store = readAsDevice(site, device);
    expect(JSON.parse(store.seen.root.toString())).toMatchObject({ signed: { roles: { targets: { keyids: [fresh.id] } } } });
  }
});

describe('withoutKey', () => {
  it('takes a name or a fingerprint', () => {
    const keys = ['a', 'b'].map((name) => makeKey(join(dir(), 'k'), name, null));
    const now = { keys, threshold: 1 };
    expect(withoutKey(now, 'a', null)).toEqual({ keys: [keys[1]], threshold: 1 });
    expect(withoutKey(now, keys[1]?.fingerprint ?? '', 1)).toEqual({ keys: [keys[0]], threshold: 1 });
    expect(() => withKeys(now, [keys[0] ?? keys[1] ?? fail()], null)).toThrow(/has the key 'a'/);
    expect(releaseBench).toBeDefined();
  });
});

function fail(): never {
  throw new Error('no key');
}
