/**
 * What a source of signed releases can try, by the names of the TUF specification, in every place from which devices read releases. Each
 * attack is refused by check, fetch and apply with its code and a message that names the thing; root's own files, what is installed,
 * offered and downloaded stay as they were; no metadata goes back; and the device is told the truth again when the source is in order.
 * What is no attack, keys that were changed and a fast-forward that was repaired, is followed.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { toUpdateError } from '../../lib/core/errors.ts';
import { apply } from '../../lib/steps/apply.ts';
import { check } from '../../lib/steps/check.ts';
import { fetchRelease } from '../../lib/steps/fetch.ts';
import { netDeps, rootDeps } from '../helpers/device.ts';
import type { HostedSite, Place } from '../helpers/hosted-site.ts';
import { PLACES, hostedSite } from '../helpers/hosted-site.ts';
import { kept, metadataVersions, wentBack } from '../helpers/kept-by-device.ts';
import { matching } from '../helpers/matchers.ts';
import { testKey } from '../helpers/tuf-keys.ts';
import { install } from '../unit/steps/published.ts';

interface Attack {
  name: string;
  /** The site has 1.0.0, which is installed, and 1.1.0, which is downloaded; 1.2.0 is what the attack offers. */
  act: (bench: HostedSite) => Promise<void> | void;
  code: string;
  message: RegExp;
  /** Later than the rest. */
  now?: Date;
  /**
   * What apply makes of 1.1.0, which is downloaded: it is installed for as long as what is stored says that it is signed; it is refused
   * where newer signed metadata came with the attack; and there is nothing to do where a newer release has taken its place.
   */
  then: 'installed' | 'refused' | 'nothing';
  /** Metadata that a key which is revoked has signed: it is forgotten, which is how a fast-forward is repaired. */
  forgotten?: readonly string[];
}

const done = new Map<string, number>();
afterAll(() => {
  const counts = PLACES.map((place) => `${place} ${String(done.get(place) ?? 0)}`);
  process.stdout.write(`attacks by sources of signed releases: ${counts.join(', ')}\n`);
});

const publish = async ({ publish: build, sign }: HostedSite, version = '1.2.0'): Promise<void> => {
  await build(version);
  sign();
};

const ATTACKS: readonly Attack[] = [
  {
    name: 'rollback: a timestamp from before',
    then: 'nothing',
    act: async (bench) => {
      const before = bench.tuf.copyFiles();
      await publish(bench);
      await check(netDeps(bench.on));
      bench.tuf.files.clear();
      for (const [name, bytes] of before) bench.tuf.files.set(name, bytes);
      bench.upload();
    },
    code: 'METADATA_ROLLBACK',
    message: /^'timestamp\.json' is version \d+, and this device has trusted version \d+ already/,
  },
  {
    name: 'indefinite freeze: the site as it was, for months',
    then: 'refused',
    act: () => undefined,
    code: 'METADATA_EXPIRED',
    message: /^'timestamp\.json' \(role timestamp, version \d+\) was valid until .*: the source is stale, last known good on 2026-11-22/,
    now: new Date('2027-03-01T10:00:00Z'),
  },
  {
    name: 'mix and match: the targets of another day',
    then: 'refused',
    act: async (bench) => {
      const before = bench.tuf.files.get(bench.tuf.nameOf('targets'));
      await publish(bench);
      bench.tuf.files.set(bench.tuf.nameOf('targets'), before ?? Buffer.alloc(0));
      bench.upload();
    },
    code: 'METADATA_MISMATCH',
    message: /^'\d+\.targets\.json' is not the file that the snapshot version \d+ names/,
  },
  {
    name: 'mix and match: another manifest than the one that is signed',
    then: 'refused',
    act: async (bench) => {
      await publish(bench);
      const manifest = join(bench.site, 'manifest.json');
      fs.writeFileSync(manifest, fs.readFileSync(manifest, 'utf8').replace('1.2.0', '1.3.0'));
      fs.rmSync(join(bench.site, 'tuf/targets'), { recursive: true });
    },
    code: 'METADATA_MISMATCH',
    message: /sha256 of the manifest/,
  },
  {
    name: 'endless data: metadata that does not end',
    then: 'installed',
    act: ({ site }) => {
      fs.writeFileSync(join(site, 'tuf/timestamp.json'), Buffer.alloc(3 * 1024 * 1024, 0x20));
    },
    code: 'METADATA_INVALID',
    message: /^'timestamp\.json' has more than the 16384 bytes/,
  },
  {
    name: 'endless data: the next root does not end',
    then: 'installed',
    act: ({ site }) => {
      fs.writeFileSync(join(site, 'tuf/2.root.json'), Buffer.alloc(3 * 1024 * 1024, 0x20));
    },
    code: 'METADATA_INVALID',
    message: /^'2\.root\.json' has more than the 65536 bytes/,
  },
  {
    name: 'wrong key: signed by a key that no root names',
    then: 'refused',
    act: async (bench) => {
      bench.tuf.signers.set('targets', [testKey('stranger')]);
      await publish(bench);
    },
    code: 'SIGNATURE_INVALID',
    message:
      /^'\d+\.targets\.json' \(role targets, version \d+\) is signed by 0 of the keys that may sign it, and 1 is needed; no valid signature of 'targets'/,
  },
  {
    name: 'revoked key: signed by a key that was taken out of root',
    then: 'refused',
    forgotten: ['snapshot.json', 'timestamp.json'],
    act: async (bench) => {
      const old = bench.tuf.signers.get('timestamp') ?? [];
      bench.tuf.rotate('timestamp', [testKey('new timestamp')]);
      bench.tuf.signers.set('timestamp', old);
      await publish(bench);
    },
    code: 'SIGNATURE_INVALID',
    message: /^'timestamp\.json' .* is signed by 0 .*; no valid signature of 'new timestamp'; 1 of a key that may not sign it/,
  },
  {
    name: 'threshold not met: one key where two are needed',
    then: 'refused',
    act: async (bench) => {
      bench.tuf.rotate('targets', [testKey('a'), testKey('b')], 2);
      bench.tuf.signers.set('targets', [testKey('a')]);
      await publish(bench);
    },
    code: 'SIGNATURE_INVALID',
    message: /^'\d+\.targets\.json' .* is signed by 1 of the keys that may sign it, and 2 are needed; no valid signature of 'b'/,
  },
  {
    name: 'changed bytes under a good signature',
    then: 'installed',
    act: async (bench) => {
      await publish(bench);
      bench.tuf.tamper('timestamp.json', ({ signed }) => {
        signed.version += 1;
      });
      bench.upload();
    },
    code: 'SIGNATURE_INVALID',
    message: /^'timestamp\.json' .* is signed by 0/,
  },
  {
    name: 'a site without signatures',
    then: 'installed',
    act: async (bench) => {
      await bench.publish('1.2.0');
      fs.rmSync(join(bench.site, 'tuf'), { recursive: true });
    },
    code: 'SIGNATURE_MISSING',
    message: /not signed/,
  },
  {
    name: 'a manifest that the metadata does not name',
    then: 'refused',
    act: (bench) => {
      bench.tuf.drop('manifest.json');
      bench.tuf.publish();
      bench.upload();
    },
    code: 'SIGNATURE_MISSING',
    message: /'manifest\.json'/,
  },
  {
    name: 'wrong software: the manifest of another branch',
    then: 'refused',
    act: async (bench) => {
      await bench.publish('1.2.0', { branch: 'beta' });
      fs.copyFileSync(join(bench.site, 'manifest_beta.json'), join(bench.site, 'manifest.json'));
      bench.sign();
    },
    code: 'MANIFEST_INVALID',
    message: /of the branch 'beta'/,
  },
  {
    name: 'wrong software: the manifest of stable, signed by the key of a branch',
    then: 'refused',
    act: async (bench) => {
      bench.tuf.delegate('branch-nightly', { keys: [testKey('ci')] });
      await bench.publish('1.2.0');
      bench.tuf.drop('manifest.json');
      bench.tuf.put('manifest.json', fs.readFileSync(join(bench.site, 'manifest.json')), 'branch-nightly');
      bench.tuf.publish();
      bench.upload();
    },
    code: 'SIGNATURE_MISSING',
    message: /'manifest\.json'/,
  },
];

async function failureOf(step: Promise<unknown>): Promise<{ code: string; message: string; hint: string | null } | null> {
  return await step.then(
    () => null,
    (error: unknown) => toUpdateError(error),
  );
}

async function bench(place: Place): Promise<HostedSite> {
  const made = await hostedSite(place, ['1.0.0', '1.1.0']);
  await fetchRelease(netDeps(made.on));
  done.set(place, (done.get(place) ?? 0) + 1);
  return made;
}

describe.each(PLACES)('from %s', (place) => {
  it.each(ATTACKS)('$name', async ({ act, code, message, now, then, forgotten = [] }) => {
    const made = await bench(place);
    const { on } = made;
    await act(made);
    made.show();
    const clock = now === undefined ? {} : { now: () => now };
    const [before, tree, old] = [kept(on), on.tree(), on.files.readState()];
    const [trusted, cached] = [metadataVersions(on.paths.trusted), metadataVersions(on.paths.trustCache)];
    for (const step of [check, fetchRelease]) {
      const failure = await failureOf(step(netDeps(on, clock)));
      expect(failure).toMatchObject({ code, message: matching(message), hint: matching(/\w/) });
    }
    const { available, staged, current, trust, unsigned } = on.files.readState();
    expect({ available, staged, current, unsigned }).toEqual({ available: old.available, staged: old.staged, current: '1.0.0', unsigned: false });
    if (!code.startsWith('MANIFEST')) expect(trust?.problem).toMatchObject({ code, message: matching(message) });
    expect(kept(on)).toEqual(before);
    expect(wentBack(cached, metadataVersions(on.paths.trustCache))).toEqual(forgotten);

    // What was downloaded before may be installed for as long as it is signed, and nothing else.
    const failure = await failureOf(apply(rootDeps(on, clock)));
    expect(failure !== null, failure?.message).toBe(then === 'refused');
    expect(on.files.readVersion()).toBe(then === 'installed' ? '1.1.0' : '1.0.0');
    expect(on.read('/var/www/pikit-web/index.html')).toContain(then === 'installed' ? '1.1.0' : '1.0.0');
    if (then !== 'installed') expect(on.tree()).toEqual(tree);
    expect(wentBack(trusted, metadataVersions(on.paths.trusted))).toEqual(then === 'refused' ? forgotten : []);
    if (now !== undefined) return;

    for (const role of ['timestamp', 'snapshot', 'targets']) made.tuf.rotate(role, [testKey(`${role} of the publisher`)]);
    made.tuf.delegated.clear();
    delete made.tuf.targets.delegations;
    await publish(made, '2.0.0');
    expect(await check(netDeps(on))).toMatchObject({ outcome: 'ok', to: '2.0.0' });
    await install(on);
    expect(on.files.readVersion()).toBe('2.0.0');
    expect(on.files.readState().trust?.problem).toBeNull();
  });

  it('follows keys that were changed twice while the device was off', async () => {
    const made = await bench(place);
    for (const name of ['second', 'third']) {
      made.tuf.rotate('root', [testKey(`${name} root`)]);
      for (const role of ['timestamp', 'snapshot', 'targets']) made.tuf.rotate(role, [testKey(`${name} ${role}`)]);
    }
    await publish(made);
    await install(made.on);
    expect(made.on.files.readVersion()).toBe('1.2.0');
    expect(made.on.files.readPublished()?.trust).toMatchObject({ root: 9 });
    expect(fs.readdirSync(made.on.paths.trusted)).toEqual(expect.arrayContaining(['1.root.json', '9.root.json', 'root.json']));
  });

  it('is repaired from a fast-forward by new keys', async () => {
    const made = await bench(place);
    made.tuf.timestamp.version = 1_000_000;
    made.tuf.snapshot.version = 1_000_000;
    await publish(made);
    await install(made.on);
    expect(made.on.files.readPublished()?.trust).toMatchObject({ timestamp: 1_000_001 });
    made.tuf.timestamp.version = 20;
    made.tuf.snapshot.version = 20;
    await publish(made, '1.3.0');
    const before = kept(made.on);
    expect(await failureOf(check(netDeps(made.on)))).toMatchObject({
      code: 'METADATA_ROLLBACK',
      message: matching(/^'timestamp\.json' is version 21, and this device has trusted version 1000001 already/),
    });
    expect(kept(made.on)).toEqual(before);
    for (const role of ['timestamp', 'snapshot']) made.tuf.rotate(role, [testKey(`new ${role}`)]);
    await publish(made, '1.4.0');
    await install(made.on);
    expect(made.on.files.readVersion()).toBe('1.4.0');
    expect(made.on.files.readPublished()?.trust?.timestamp).toBeLessThan(100);
  });
});
