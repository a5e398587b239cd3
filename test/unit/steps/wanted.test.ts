import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { seenNow } from '../../../lib/device/confirm-replace.ts';
import { apply } from '../../../lib/steps/apply.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { assertWanted, readWanted, retryOf, takeApplyOrder } from '../../../lib/steps/wanted.ts';
import type { Device } from '../../helpers/device.ts';
import { NOW, device, netDeps, rootDeps, step } from '../../helpers/device.ts';
import { containing, matching } from '../../helpers/matchers.ts';
import { dashboard, writeTree } from '../../helpers/site-builder.ts';
import { tryAgain, wish } from '../../helpers/wish.ts';
import { holdVersions, install, onSite } from './published.ts';
import { status } from './site-server.ts';

const SHA = 'a'.repeat(64);
const MINUTE = 60_000;
const TOOL = '/usr/local/bin/tool';

/** How old a wish is where it is met, and whether it counts. */
const AGES = [
  ['just-now', 0, true],
  ['ten-minutes-ago', 10 * MINUTE, true],
  ['at-the-end-of-a-download-of-fifteen-minutes', 20 * MINUTE, true],
  ['thirty-minutes-ago', 30 * MINUTE, false],
  ['an-hour-ago', 60 * MINUTE, false],
  ['by-a-clock-that-was-set-a-little-back', -10 * MINUTE, true],
  ['by-a-clock-that-was-set-back', -60 * MINUTE, false],
] as const;

const ago = (ageMs: number, from = NOW): Date => new Date(from.getTime() - ageMs);

describe('readWanted', () => {
  it.each(AGES)('%s', (_name, ageMs, counts) => {
    const on = device();
    const wanted = wish(ago(ageMs), { version: '1.4.0', retry: true, replace: [{ path: TOOL, sha256: SHA }] });
    on.files.writeWanted(wanted);
    expect(readWanted(netDeps(on))).toEqual(counts ? wanted : null);
    expect(on.files.readWanted()).toEqual(counts ? wanted : null);
  });

  it('is nothing where nothing was wanted', () => {
    expect(readWanted(netDeps(device()))).toBeNull();
  });

  it('takes no wish of an earlier version of the updater, and says so once', () => {
    const on = device();
    writeTree(on.root, { '/run/pikit-update/orders/wanted': JSON.stringify({ version: '1.4.0', manifest_sha256: null, at: NOW.toISOString() }) });
    const deps = rootDeps(on);
    expect([readWanted(deps), readWanted(deps)]).toEqual([null, null]);
    expect(deps.said).toEqual([matching(/^warning: the file 'wanted' .*; moved it to '.*' and started a new one$/)]);
  });

  it('takes none that has no version to its manifest, or to try again', () => {
    const on = device();
    for (const about of [{ retry: true }, { manifest_sha256: SHA }]) {
      expect(() => {
        on.files.writeWanted(wish(NOW, about));
      }).toThrow(/is needed with manifest_sha256, and with retry/);
      writeTree(on.root, { '/run/pikit-update/orders/wanted': JSON.stringify(wish(NOW, about)) });
      expect(readWanted(rootDeps(on))).toBeNull();
    }
  });
});

describe('takeApplyOrder', () => {
  it('gives it once', () => {
    const on = device();
    on.files.writeWanted(wish(NOW, { version: '1.4.0' }));
    const orders = [takeApplyOrder(rootDeps(on)), takeApplyOrder(rootDeps(on))];
    expect(orders).toEqual([wish(NOW, { version: '1.4.0' }), null].map((wanted) => ({ by: 'owner', wanted })));
  });
});

describe('retryOf', () => {
  it.each([
    [null, null],
    [wish(NOW, { version: '1.4.0' }), null],
    [tryAgain(NOW, '1.4.0'), '1.4.0'],
  ])('of %j is %s', (wanted, version) => {
    expect(retryOf(wanted)).toBe(version);
  });
});

describe('assertWanted', () => {
  const wanted = (sha256: string | null) => wish(NOW, { version: '1.4.0', manifest_sha256: sha256 });

  it.each([
    ['no wish', null, { version: '1.5.0', sha256: SHA }],
    ['a wish that is about files alone', wish(NOW, { replace: [{ path: TOOL, sha256: SHA }] }), { version: '1.5.0', sha256: SHA }],
    ['a wish that is about files alone, with nothing', wish(NOW, { replace: [{ path: TOOL, sha256: SHA }] }), null],
    ['the version', wanted(null), { version: '1.4.0', sha256: SHA }],
    ['the very manifest', wanted(SHA), { version: '1.4.0', sha256: SHA }],
  ])('has nothing against %s', (_name, wish, found) => {
    expect(() => {
      assertWanted(wish, found, 'it');
    }).not.toThrow();
  });

  it.each([
    ['another version', wanted(null), { version: '1.5.0', sha256: SHA }],
    ['another manifest', wanted('b'.repeat(64)), { version: '1.4.0', sha256: SHA }],
    ['nothing', wanted(null), null],
  ])('refuses %s', (_name, wish, found) => {
    expect(() => {
      assertWanted(wish, found, 'what there is');
    }).toThrow(expect.objectContaining({ code: 'RELEASE_CHANGED' }));
  });
});

/** On 1.0.0, with 1.1.0 on offer: held, or with a tool of the owner in its way. */
async function bed(kind: 'held' | 'tool') {
  const { on, server, publish } = await onSite(['1.0.0']);
  await install(on);
  if (kind === 'tool') writeTree(on.root, { [TOOL]: { data: 'mine', mode: 0o755 } });
  await publish('1.1.0', kind === 'tool' ? { files: { ...dashboard('1.1.0'), 'helpers/tool': 'theirs' } } : {});
  await fetchRelease(netDeps(on));
  if (kind === 'held') {
    const entry = { version: '1.1.0', reason: 'failed' as const, code: 'PROBE_FAILED', message: 'no answer', at: NOW.toISOString(), attempts: 1 };
    on.files.writeHeld({ schema: 1, versions: [entry] });
    holdVersions(on, entry);
  }
  return {
    on,
    server,
    wanted: (at: Date): void => {
      on.files.writeWanted(kind === 'held' ? tryAgain(at, '1.1.0') : wish(at, { replace: seenNow(on, [TOOL]) }));
    },
  };
}

describe('the steps as they are started by hand', () => {
  it.each(AGES)('try a held version again, or not: %s', async (_name, ageMs, counts) => {
    const { on, wanted } = await bed('held');
    wanted(ago(ageMs, new Date()));
    expect((await step(on, 'fetch')).code).toBe(0);
    const ended = await step(on, 'apply');
    expect(ended).toMatchObject({ code: 0, out: counts ? matching(/1\.1\.0 is installed\n$/) : containing('1.1.0 is held: it failed here before') });
    expect([on.files.readVersion(), fs.readdirSync(on.paths.orders).includes('wanted')]).toEqual([counts ? '1.1.0' : '1.0.0', false]);
  });

  it.each(AGES)('replace a file in a shared folder that was confirmed, or not: %s', async (_name, ageMs, counts) => {
    const { on, wanted } = await bed('tool');
    wanted(ago(ageMs, new Date()));
    expect((await step(on, 'fetch')).code).toBe(0);
    const ended = await step(on, 'apply');
    expect(ended).toMatchObject(counts ? { code: 0 } : { code: 1, err: matching(/^error: .*\[FOREIGN_FILES\]\n/) });
    expect([on.read(TOOL), fs.readdirSync(on.paths.orders).includes('wanted')]).toEqual([counts ? 'theirs' : 'mine', false]);
  });
});

const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

describe.skipIf(process.getuid?.() !== 0)('an order of the API whose download fails (needs root)', () => {
  it.each(['held', 'tool'] as const)('stays, as fetch is not root, and is nothing to a start by hand that comes much later: %s', async (kind) => {
    const { on, server, wanted } = await bed(kind);
    on.files.removeStaged();
    fs.rmSync(`${on.paths.cacheDir}/1.1.0`, { recursive: true });
    wanted(new Date());
    fs.chmodSync(on.root, 0o755);
    await step(on, 'recover');
    for (const dir of [on.paths.stateDir, on.paths.cacheDir, on.paths.runDir, on.paths.lock]) execFileSync('chown', ['-R', '65534:65534', dir]);
    execFileSync('chown', ['-R', '0:0', on.paths.orders]);
    server.answer('/bundles/pikit-1.1.0.tar.gz', status(503));
    expect((await step(on, 'fetch', { through: NOBODY })).code).toBe(1);
    const left = on.files.readWanted();
    expect(left).not.toBeNull();
    if (left !== null) on.files.writeWanted({ ...left, at: ago(31 * MINUTE, new Date()).toISOString() });
    server.answer('/bundles/pikit-1.1.0.tar.gz', null);
    expect((await step(on, 'fetch', { through: NOBODY })).code).toBe(0);
    const ended = await step(on, 'apply');
    expect(ended).toMatchObject(
      kind === 'held'
        ? { code: 0, out: containing('1.1.0 is held: it failed here before') }
        : { code: 1, err: matching(/^error: .*\[FOREIGN_FILES\]\n/) },
    );
    expect([on.files.readVersion(), on.files.readWanted()]).toEqual(['1.0.0', null]);
  });
});

describe('one attempt', () => {
  it.each(['held', 'tool'] as const)('was asked for, and an apply that fails was it: %s', async (kind) => {
    const { on, wanted } = await bed(kind);
    wanted(NOW);
    fs.rmSync(on.paths.config);
    await expect(apply(rootDeps(on))).rejects.toMatchObject({ code: 'CONFIG_MISSING' });
    expect(on.files.readWanted()).toBeNull();
  });

  it.each([
    ['before it begins', (on: Device) => ({ loadConfig: () => { throw new Error(`no '${on.paths.config}'`); } })], // prettier-ignore
    ['by its clock', () => ({ now: () => new Date(0) })],
  ])('was asked for, and a download that fails was it: %s', async (_name, overrides) => {
    const { on, wanted } = await bed('held');
    wanted(NOW);
    await expect(fetchRelease(netDeps(on, overrides(on)))).rejects.toThrow();
    expect(on.files.readWanted()).toBeNull();
  });

  it('of the owner is not taken up by the timer, nor taken away', async () => {
    const { on, wanted } = await bed('held');
    wanted(NOW);
    const granted = { run: 'r', until: 'apply', by: 'timer' } as const;
    expect((await apply(rootDeps(on, { granted }))).outcome).toBe('nothing');
    expect([on.files.readVersion(), on.files.readWanted()]).toEqual(['1.0.0', tryAgain(NOW, '1.1.0')]);
  });
});
