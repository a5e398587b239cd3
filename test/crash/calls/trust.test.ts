/**
 * kill -9 at every changing call with which check, fetch and apply keep what they have verified, and damage to each of these files.
 * The device never trusts more than it has verified, never less than it said it had, and is told the truth again by the next steps.
 * What a power cut can leave besides is not there: each file is durable before the next one is begun, which the last test holds.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { UpdateError, toUpdateError } from '../../../lib/core/errors.ts';
import { metadataHead } from '../../../lib/core/trust/metadata-head.ts';
import { apply } from '../../../lib/steps/apply.ts';
import { check } from '../../../lib/steps/check.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { recoverStep } from '../../../lib/steps/recover.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import { runLaterWithFault } from '../../helpers/crash.ts';
import type { Device } from '../../helpers/device.ts';
import { device, netDeps, rootDeps, stepDeps } from '../../helpers/device.ts';
import type { SignedSite } from '../../helpers/tuf-site.ts';
import { onSignedSite } from '../../helpers/tuf-site.ts';
import { removeDir, tempDir } from '../../helpers/tree.ts';
import { testKey } from '../../helpers/tuf-keys.ts';
import { install } from '../../unit/steps/published.ts';
import { EXHAUSTIVE, atLeast } from '../plan.ts';

const PLACES = ['/var/www', '/usr/local', '/etc/pikit/version'];
const counts = { killed: 0, damaged: 0 };

type Bench = SignedSite & { on: Device; url: string };

/** A device on 1.0.0, and a site in a folder that has changed all its keys since, has a branch with its own, and 1.1.0. */
async function bench(): Promise<Bench> {
  const made = await onSignedSite(['1.0.0', '1.1.0']);
  const url = `file://${made.site}/`;
  made.on.configure({ url });
  return { ...made, url };
}

function changeKeys({ tuf, sign }: SignedSite, name: string): void {
  for (const role of ['root', 'timestamp', 'snapshot', 'targets']) tuf.rotate(role, [testKey(`${name} ${role}`)]);
  sign();
}

/** Runs `act` on a copy of the device. */
async function onCopy<T>({ on, url }: Bench, act: (copy: Device) => Promise<T>): Promise<T> {
  const root = tempDir();
  try {
    fs.cpSync(on.root, root, { recursive: true });
    return await act(device({ root, url }));
  } finally {
    removeDir(root);
  }
}

const headOf = (dir: string, name: string): number =>
  metadataHead(fs.existsSync(join(dir, name)) ? fs.readFileSync(join(dir, name)) : null)?.version ?? 0;

/** After whatever has happened: one whole release, and the newest of the site once it can be asked. */
async function assertTold(on: Device, worlds: readonly unknown[], newest: string): Promise<void> {
  await recoverStep(stepDeps(on));
  assert.ok(worlds.some((world) => isSame(world, on.tree(PLACES))));
  await fetchRelease(netDeps(on));
  await apply(rootDeps(on));
  assert.equal(on.files.readVersion(), newest);
  assert.equal(on.files.readState().trust?.problem ?? null, null);
}

function isSame(a: unknown, b: unknown): boolean {
  try {
    assert.deepEqual(a, b);
    return true;
  } catch {
    return false;
  }
}

describe('kill -9', () => {
  it.each(['check', 'fetch', 'apply'] as const)('at every call of %s until the installation begins', async (name) => {
    const made = await bench();
    changeKeys(made, 'new');
    if (name === 'apply') await fetchRelease(netDeps(made.on));
    const before = { root: headOf(made.on.paths.trusted, 'root.json'), cached: headOf(made.on.paths.trustCache, 'root.json') };
    const act = (on: Device): Promise<unknown> =>
      name === 'apply' ? apply(rootDeps(on)) : name === 'fetch' ? fetchRelease(netDeps(on)) : check(netDeps(on));
    const old = made.on.tree(PLACES);
    const young = await onCopy(made, async (on) => {
      await install(on);
      return on.tree(PLACES);
    });
    // What an installation itself survives is tested elsewhere: here, up to its first word in the journal.
    const stride = EXHAUSTIVE ? 1 : name === 'apply' ? 3 : 7;
    for (let at = 1; ; at += stride) {
      const isOver = await onCopy(made, async (on) => {
        const run = await runLaterWithFault({ kind: 'die', at }, async () => await act(on));
        if (!run.hit || run.where.includes('journal.json')) return true;
        const { trusted, trustCache } = on.paths;
        assert.ok(headOf(trusted, 'root.json') >= before.root && headOf(trustCache, 'root.json') >= before.cached, run.where);
        assert.ok(headOf(trusted, 'root.json') <= made.tuf.root.version, run.where);
        await assertTold(on, [old, young], '1.1.0');
        return false;
      });
      if (isOver) break;
      counts.killed += 1;
    }
  });
});

const DAMAGE: Readonly<Record<string, (file: string) => void>> = {
  missing: (file) => {
    fs.rmSync(file);
  },
  empty: (file) => {
    fs.truncateSync(file);
  },
  half: (file) => {
    fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2));
  },
  garbage: (file) => {
    fs.writeFileSync(file, '{"signed":{"version":99},"signatures":[]}');
  },
  'a changed version': (file) => {
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/"version": ?(\d)/, '"version":9$1'));
  },
  'a folder': (file) => {
    fs.rmSync(file);
    fs.mkdirSync(file);
  },
  'a link': (file) => {
    fs.rmSync(file);
    fs.symlinkSync('/dev/null', file);
  },
};

describe('damage', () => {
  it('to any file of what was verified leads neither back nor into a dead end', async () => {
    const made = await bench();
    const { on } = made;
    const { cacheDir, stateDir, trusted, trustCache } = on.paths;
    changeKeys(made, 'new');
    // 1.1.0 as it was downloaded, with the metadata of that day: what an attacker would like to have installed again.
    await fetchRelease(netDeps(on));
    const aside = join(on.root, 'aside');
    fs.cpSync(cacheDir, join(aside, 'cache'), { recursive: true });
    fs.copyFileSync(join(stateDir, 'staged'), join(aside, 'staged'));
    await made.publish('1.2.0');
    made.sign();
    await install(on);
    await rollback(rootDeps(on));
    await made.publish('1.3.0');
    made.sign();
    await check(netDeps(on));
    const old = on.tree(PLACES);
    const files = [
      ...fs.readdirSync(trusted).map((name) => join(trusted, name)),
      ...fs.readdirSync(trustCache).map((name) => join(trustCache, name)),
      join(stateDir, 'published.json'),
    ];
    const kinds = Object.entries(DAMAGE).filter((_kind, index) => EXHAUSTIVE || index % 2 === 0);
    const assertStands = async (what: string, damage: (copy: Device) => void): Promise<void> => {
      await onCopy(made, async (copy) => {
        damage(copy);
        fs.rmSync(copy.paths.cacheDir, { recursive: true });
        fs.cpSync(join(aside, 'cache'), copy.paths.cacheDir, { recursive: true });
        fs.copyFileSync(join(aside, 'staged'), copy.paths.staged);
        const failure = await apply(rootDeps(copy)).then(
          (end) => (end.outcome === 'failed' ? end.failure : new UpdateError('INTERNAL', `it installed: ${end.message}`)),
          (error: unknown) => toUpdateError(error),
        );
        assert.match(failure.code, /^(METADATA_ROLLBACK|SIGNATURE_INVALID|TRUST_DAMAGED)$/, `${what}: ${failure.message}`);
        assert.deepEqual(copy.tree(PLACES), old, what);
      });
      await onCopy(made, async (copy) => {
        damage(copy);
        await assertTold(copy, [old], '1.3.0');
      });
      counts.damaged += 1;
    };
    for (const file of files) {
      for (const [kind, damage] of kinds) {
        await assertStands(`${basename(file)}: ${kind}`, (copy) => {
          damage(file.replace(on.root, copy.root));
        });
      }
    }
    await assertStands('all that root has verified', (copy) => {
      fs.rmSync(copy.paths.trusted, { recursive: true });
    });
  });
});

it('keeps each file durably before it begins with the next', async () => {
  const made = await bench();
  changeKeys(made, 'new');
  await fetchRelease(netDeps(made.on));
  const { trusted } = made.on.paths;
  const calls: string[] = [];
  const { renameSync, fsyncSync } = fs;
  const pathOf = (fd: number): string => fs.readlinkSync(`/proc/self/fd/${String(fd)}`);
  Reflect.set(fs, 'renameSync', (from: string, to: string) => {
    renameSync(from, to);
    if (to.startsWith(trusted)) calls.push(`rename ${basename(from)} ${basename(to)}`);
  });
  Reflect.set(fs, 'fsyncSync', (fd: number) => {
    fsyncSync(fd);
    if (pathOf(fd).startsWith(trusted)) calls.push(`fsync ${basename(pathOf(fd))}`);
  });
  try {
    await apply(rootDeps(made.on));
  } finally {
    Object.assign(fs, { renameSync, fsyncSync });
  }
  const renames = calls.flatMap((call, index) => (call.startsWith('rename') ? [index] : []));
  assert.ok(renames.length > 5, calls.join('\n'));
  for (const index of renames) {
    const [, from] = (calls[index] ?? '').split(' ');
    assert.equal(calls[index - 1], `fsync ${from ?? ''}`);
    assert.equal(calls[index + 1], 'fsync trust');
  }
});

afterAll(() => {
  atLeast('trust state, killed', counts.killed, EXHAUSTIVE ? 150 : 25);
  atLeast('trust state, damaged', counts.damaged, EXHAUSTIVE ? 100 : 40);
});
