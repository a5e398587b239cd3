/**
 * What a source can try, by the names of the TUF specification: on a web server and in a folder. Each is refused by check, fetch and
 * apply with its code and the values, or followed; nothing of the device has changed, what is offered and downloaded stays, and the
 * device is told the truth again when the source is in order.
 */
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toUpdateError } from '../../../../lib/core/errors.ts';
import { apply } from '../../../../lib/steps/apply.ts';
import { check } from '../../../../lib/steps/check.ts';
import { fetchRelease } from '../../../../lib/steps/fetch.ts';
import type { Device } from '../../../helpers/device.ts';
import { netDeps, rootDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import type { SignedSite } from '../../../helpers/tuf-site.ts';
import { onSignedSite } from '../../../helpers/tuf-site.ts';
import { testKey } from '../../../helpers/tuf-keys.ts';
import { install } from '../published.ts';

type Bench = SignedSite & { on: Device };

interface Attack {
  name: string;
  /** The site has 1.0.0, which is installed, and 1.1.0, which is downloaded; 1.2.0 is what the attack offers. */
  act: (bench: Bench) => Promise<void> | void;
  code: string;
  says: string;
  /** Later than the rest. */
  now?: Date;
}

const publish = async ({ publish: build, sign }: Bench, version = '1.2.0'): Promise<void> => {
  await build(version);
  sign();
};

const ATTACKS: readonly Attack[] = [
  {
    name: 'rollback: a timestamp from before',
    act: async (bench) => {
      const before = bench.tuf.copyFiles();
      await publish(bench);
      await check(netDeps(bench.on));
      bench.tuf.files.clear();
      for (const [name, bytes] of before) bench.tuf.files.set(name, bytes);
      bench.upload();
    },
    code: 'METADATA_ROLLBACK',
    says: 'already',
  },
  {
    name: 'indefinite freeze: the site as it was, for months',
    act: () => undefined,
    code: 'METADATA_EXPIRED',
    says: 'last known good on 2026-11-22',
    now: new Date('2027-03-01T10:00:00Z'),
  },
  {
    name: 'mix and match: the targets of another day',
    act: async (bench) => {
      const before = bench.tuf.files.get(bench.tuf.nameOf('targets'));
      await publish(bench);
      bench.tuf.files.set(bench.tuf.nameOf('targets'), before ?? Buffer.alloc(0));
      bench.upload();
    },
    code: 'METADATA_MISMATCH',
    says: 'targets.json',
  },
  {
    name: 'mix and match: another manifest than the one that is signed',
    act: async (bench) => {
      await publish(bench);
      const manifest = join(bench.site, 'manifest.json');
      fs.writeFileSync(manifest, fs.readFileSync(manifest, 'utf8').replace('1.2.0', '1.3.0'));
      fs.rmSync(join(bench.site, 'tuf/targets'), { recursive: true });
    },
    code: 'METADATA_MISMATCH',
    says: 'sha256 of the manifest',
  },
  {
    name: 'endless data: metadata that does not end',
    act: ({ site }) => {
      fs.writeFileSync(join(site, 'tuf/timestamp.json'), Buffer.alloc(3 * 1024 * 1024, 0x20));
    },
    code: 'METADATA_INVALID',
    says: 'more than the 16384 bytes',
  },
  {
    name: 'arbitrary software: signed by a key that no root names',
    act: async (bench) => {
      bench.tuf.signers.set('targets', [testKey('stranger')]);
      await publish(bench);
    },
    code: 'SIGNATURE_INVALID',
    says: 'targets.json',
  },
  {
    name: 'key compromise: signed by a key that was revoked',
    act: async (bench) => {
      const old = bench.tuf.signers.get('timestamp') ?? [];
      bench.tuf.rotate('timestamp', [testKey('new timestamp')]);
      bench.tuf.signers.set('timestamp', old);
      await publish(bench);
    },
    code: 'SIGNATURE_INVALID',
    says: 'timestamp.json',
  },
  {
    name: 'key compromise: one key where two are needed',
    act: async (bench) => {
      bench.tuf.rotate('targets', [testKey('a'), testKey('b')], 2);
      bench.tuf.signers.set('targets', [testKey('a')]);
      await publish(bench);
    },
    code: 'SIGNATURE_INVALID',
    says: '2',
  },
  {
    name: 'changed bytes under a good signature',
    act: async (bench) => {
      await publish(bench);
      bench.tuf.tamper('timestamp.json', ({ signed }) => {
        signed.version += 1;
      });
      bench.upload();
    },
    code: 'SIGNATURE_INVALID',
    says: 'timestamp.json',
  },
  {
    name: 'a site without signatures',
    act: async (bench) => {
      await bench.publish('1.2.0');
      fs.rmSync(join(bench.site, 'tuf'), { recursive: true });
    },
    code: 'SIGNATURE_MISSING',
    says: 'not signed',
  },
  {
    name: 'a manifest that the metadata does not name',
    act: (bench) => {
      bench.tuf.drop('manifest.json');
      bench.tuf.publish();
      bench.upload();
    },
    code: 'SIGNATURE_MISSING',
    says: "'manifest.json'",
  },
  {
    name: 'wrong software: the manifest of another branch',
    act: async (bench) => {
      await bench.publish('1.2.0', { branch: 'beta' });
      fs.copyFileSync(join(bench.site, 'manifest_beta.json'), join(bench.site, 'manifest.json'));
      bench.sign();
    },
    code: 'MANIFEST_INVALID',
    says: "of the branch 'beta'",
  },
  {
    name: 'wrong software: the manifest of stable, signed by the key of a branch',
    act: async (bench) => {
      bench.tuf.delegate('branch-nightly', { keys: [testKey('ci')] });
      await bench.publish('1.2.0');
      bench.tuf.drop('manifest.json');
      bench.tuf.put('manifest.json', fs.readFileSync(join(bench.site, 'manifest.json')), 'branch-nightly');
      bench.tuf.publish();
      bench.upload();
    },
    code: 'SIGNATURE_MISSING|METADATA_INVALID',
    says: 'manifest.json',
  },
];

const codeOf = async (step: Promise<unknown>): Promise<{ code: string; message: string; hint: string | null } | null> =>
  await step.then(
    () => null,
    (error: unknown) => toUpdateError(error),
  );

async function bench(where: string): Promise<Bench> {
  const made = await onSignedSite(['1.0.0', '1.1.0']);
  if (where === 'in a folder') made.on.configure({ url: `file://${made.site}/` });
  await fetchRelease(netDeps(made.on));
  return made;
}

describe.each(['on a web server', 'in a folder'])('%s', (where) => {
  it.each(ATTACKS)('$name', async ({ act, code, says, now }) => {
    const made = await bench(where);
    const { on } = made;
    await act(made);
    const clock = now === undefined ? {} : { now: () => now };
    const [before, old] = [on.tree(), on.files.readState()];
    for (const step of [check, fetchRelease]) {
      const failure = await codeOf(step(netDeps(on, clock)));
      expect(code.split('|'), failure?.message).toContain(failure?.code);
      expect(failure?.message).toContain(says);
      expect(failure?.hint).not.toBeNull();
    }
    const { available, staged, current, trust, unsigned } = on.files.readState();
    expect({ available, staged, current, unsigned }).toEqual({ available: old.available, staged: old.staged, current: '1.0.0', unsigned: false });
    if (!code.startsWith('MANIFEST')) expect(code.split('|')).toContain(trust?.problem?.code);
    expect(on.tree()).toEqual(before);
    // What was downloaded before may be installed for as long as it is signed, and nothing else.
    await codeOf(apply(rootDeps(on, clock)));
    expect(['1.0.0', now === undefined ? '1.1.0' : '1.0.0']).toContain(on.files.readVersion());
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
    const made = await bench(where);
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
    const made = await bench(where);
    made.tuf.timestamp.version = 1_000_000;
    made.tuf.snapshot.version = 1_000_000;
    await publish(made);
    await install(made.on);
    expect(made.on.files.readPublished()?.trust).toMatchObject({ timestamp: 1_000_001 });
    made.tuf.timestamp.version = 20;
    made.tuf.snapshot.version = 20;
    await publish(made, '1.3.0');
    await expect(check(netDeps(made.on))).rejects.toMatchObject({ code: 'METADATA_ROLLBACK', message: containing('1000001') });
    for (const role of ['timestamp', 'snapshot']) made.tuf.rotate(role, [testKey(`new ${role}`)]);
    await publish(made, '1.4.0');
    await install(made.on);
    expect(made.on.files.readVersion()).toBe('1.4.0');
    expect(made.on.files.readPublished()?.trust?.timestamp).toBeLessThan(100);
  });
});
