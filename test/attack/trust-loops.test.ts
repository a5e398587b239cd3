/**
 * A device that trusts signed releases, and the user of its network steps, who wants another one on it: a whole chain of its own with
 * a release of its own lies ready, and is put in the place of the downloaded one, at once or a hundred times a second, while root
 * installs. What root installs is what was signed, or nothing; and nothing of root's is moved, read or believed.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toUpdateError } from '../../lib/core/errors.ts';
import { apply } from '../../lib/steps/apply.ts';
import { check } from '../../lib/steps/check.ts';
import { fetchRelease } from '../../lib/steps/fetch.ts';
import { rollback } from '../../lib/steps/rollback.ts';
import { EXHAUSTIVE } from '../crash/plan.ts';
import type { Device } from '../helpers/device.ts';
import { NOW, netDeps, rootDeps } from '../helpers/device.ts';
import { UPDATER, disturbing, swapping } from '../helpers/other-users.ts';
import { shareFolders } from '../helpers/shared-folders.ts';
import { onSignedSite } from '../helpers/tuf-site.ts';
import { snapshot } from '../helpers/tree.ts';
import { testKey } from '../helpers/tuf-keys.ts';

const ROUNDS = EXHAUSTIVE ? 500 : 30;
const PLACES = ['/var/www', '/usr/local', '/etc'];
const SECRETS = '/elsewhere';

const places = (on: Device): unknown => PLACES.map((place) => snapshot(on.at(place)));

interface Ground {
  on: Device;
  old: unknown;
  /** 1.1.0 as it was downloaded and signed, in the cache; and what the user would like to have installed. */
  put: (which: 'signed' | 'own') => void;
  /** That nothing of root's has been moved. */
  assertRoots: () => void;
}

async function ground(): Promise<Ground> {
  const { on } = await onSignedSite(['1.0.0', '1.1.0']);
  const stranger = (role: string): ReturnType<typeof testKey>[] => [testKey(`stranger's ${role}`)];
  const keys = { root: stranger('root'), timestamp: stranger('timestamp'), snapshot: stranger('snapshot'), targets: stranger('targets') };
  const other = await onSignedSite(['6.6.6'], { repository: { keys } });
  const { cacheDir, staged, stateDir, trustRoot, orders } = on.paths;
  for (const one of [on, other.on]) await fetchRelease(netDeps(one));
  const keep = (from: Device, name: string): void => {
    fs.mkdirSync(on.at(`/kept/${name}`), { recursive: true });
    fs.cpSync(from.paths.cacheDir, on.at(`/kept/${name}/cache`), { recursive: true });
    fs.copyFileSync(from.paths.staged, on.at(`/kept/${name}/staged`));
  };
  keep(on, 'signed');
  keep(other.on, 'own');
  fs.mkdirSync(on.at(SECRETS), { mode: 0o755 });
  fs.writeFileSync(on.at(`${SECRETS}/rollback`), 'secret', { mode: 0o600 });
  shareFolders(on.root, on.paths);
  const roots = (): unknown => [
    snapshot(on.at(SECRETS)),
    fs.readFileSync(trustRoot, 'utf8'),
    ...[trustRoot, orders, `${stateDir}/published.json`].map((path) => [fs.lstatSync(path).uid, fs.lstatSync(path).mode]),
  ];
  const before = roots();
  return {
    on,
    old: places(on),
    put: (which) => {
      // By renames alone: a copy would wait at a pipe that was put there meanwhile, until a process reads from it.
      const copy = `cp -a "$2/cache" "$2/staged" "$5"; chown -hR "$4" "$5"/*; mv -T "$1" "$5/old"; mv -T "$5/cache" "$1"
        rm -rf "$3"; mv -T "$5/staged" "$3"; rm -rf "$5"/*`;
      fs.mkdirSync(on.at('/fresh'), { recursive: true });
      execFileSync('sh', ['-c', `${copy}; true`, 'sh', cacheDir, on.at(`/kept/${which}`), staged, String(UPDATER), on.at('/fresh')], {
        stdio: 'ignore',
        timeout: 20_000,
      });
    },
    assertRoots: () => {
      expect(roots()).toEqual(before);
    },
  };
}

async function outcomeOf(step: Promise<{ outcome: string }>): Promise<string> {
  return await step.then(
    ({ outcome }) => outcome,
    (error: unknown) => toUpdateError(error).code,
  );
}

/** Installs until the end of the rounds; goes back from each installation. */
async function rounds({ on, old, put, assertRoots }: Ground): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  let young: unknown = null;
  for (let round = 0; round < ROUNDS; round += 1) {
    put(round % 3 === 2 ? 'own' : 'signed');
    const outcome = await outcomeOf(apply(rootDeps(on)));
    counts[outcome] = (counts[outcome] ?? 0) + 1;
    expect(fs.existsSync(on.paths.journal), outcome).toBe(false);
    const version = on.files.readVersion();
    expect(['1.0.0', '1.1.0']).toContain(version);
    if (version === '1.1.0') young ??= places(on);
    expect(places(on)).toEqual(version === '1.0.0' ? old : young);
    if (version === '1.1.0') expect(await outcomeOf(rollback(rootDeps(on)))).toBe('ok');
  }
  assertRoots();
  return counts;
}

describe.skipIf(process.geteuid?.() !== 0)('the user of the network steps', () => {
  it('gets nothing installed that it has signed itself, whatever it writes', async () => {
    const { on, old, put, assertRoots } = await ground();
    put('own');
    const { next, granted, runRecord, state } = on.paths;
    const forged = { ...on.files.readState(), unsigned: true, trust: null, current: '0.1.0' };
    fs.writeFileSync(
      state,
      JSON.stringify({ ...forged, available: { ...forged.available, signed: { role: 'targets', keys: [], until: NOW.toISOString() } } }),
    );
    for (const path of [`${next}/apply`, `${granted}/fetch`]) fs.writeFileSync(path, JSON.stringify({ run: 'x', until: 'apply', by: 'timer' }));
    fs.writeFileSync(runRecord, '{"forged":true}');
    expect(await outcomeOf(apply(rootDeps(on)))).toBe('SIGNATURE_INVALID');
    expect(places(on)).toEqual(old);
    expect(on.files.readState().unsigned).toBe(false);
    assertRoots();
  });

  it('may be as old as it likes: a root of its own is no next root', async () => {
    const { on, old, put } = await ground();
    put('signed');
    for (const name of ['1.root.json', 'root.json']) fs.copyFileSync(on.at(`/kept/own/cache/trust/${name}`), `${on.paths.trustCache}/${name}`);
    fs.copyFileSync(on.at('/kept/own/cache/trust/1.root.json'), `${on.paths.trustCache}/2.root.json`);
    expect(await outcomeOf(apply(rootDeps(on)))).toMatch(/^(METADATA_ROLLBACK|SIGNATURE_INVALID)$/);
    expect(places(on)).toEqual(old);
    // The next check mends it, and the device goes on.
    put('signed');
    expect(await outcomeOf(check(netDeps(on)))).toBe('ok');
    expect(await outcomeOf(apply(rootDeps(on)))).toBe('ok');
  });

  it(`gets nothing installed by swapping all that was verified, in ${String(ROUNDS)} rounds`, async () => {
    const made = await ground();
    const { cacheDir } = made.on.paths;
    fs.mkdirSync(made.on.at('/swapped'));
    fs.chownSync(made.on.at('/swapped'), UPDATER, 0);
    execFileSync('cp', ['-a', made.on.at('/kept/own/cache/trust'), made.on.at('/kept/signed/cache/trust.other')]);
    execFileSync('cp', ['-a', made.on.at('/kept/signed/cache/trust'), made.on.at('/kept/own/cache/trust.other')]);
    made.put('signed');
    const worker = await swapping(`${cacheDir}/trust`, `${cacheDir}/trust.other`);
    const counts = await rounds(made);
    console.log(`swapped: ${JSON.stringify(counts)}, ${String(worker.count())} exchanges`);
    expect(Object.keys(counts).filter((name) => !/^(ok|nothing|SIGNATURE_\w+|METADATA_\w+|STAGED_INVALID)$/.test(name))).toEqual([]);
  });

  it(`gets nothing installed by links, pipes and garbage in the place of it, in ${String(ROUNDS)} rounds`, async () => {
    const made = await ground();
    const { cacheDir, stateDir, trustCache, trustRoot } = made.on.paths;
    const worker = await disturbing(made.on.at(SECRETS), [
      ...['1.root.json', '2.root.json', 'root.json', 'timestamp.json', 'snapshot.json', 'targets.json'].map((name) => `${trustCache}/${name}`),
      ...['branches.json', 'manifest.json', 'releases.json'].map((name) => `${cacheDir}/source/${name}`),
      ...['state.json', 'staged'].map((name) => `${stateDir}/${name}`),
      `${cacheDir}/1.1.0/manifest.json`,
      // These are root's, and it may try.
      ...[trustRoot, `${stateDir}/published.json`, `${made.on.paths.trusted}/timestamp.json`],
    ]);
    const counts = await rounds(made);
    console.log(`disturbed: ${JSON.stringify(counts)}, ${String(worker.count())} disturbances`);
    expect(Object.keys(counts).filter((name) => !/^(ok|nothing|SIGNATURE_\w+|METADATA_\w+|STAGED_INVALID)$/.test(name))).toEqual([]);
    expect(worker.count()).toBeGreaterThan(0);
  });
});
