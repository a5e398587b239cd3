import fs from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { tokenPath } from '../../../../lib/core/device/paths.ts';
import { apply } from '../../../../lib/steps/apply.ts';
import { followBranch } from '../../../../lib/steps/source/follow-branch.ts';
import { branchAsKnown } from '../../../../lib/steps/source/branch-list-request.ts';
import { check } from '../../../../lib/steps/check.ts';
import { fetchRelease } from '../../../../lib/steps/fetch.ts';
import { readSituation } from '../../../../lib/steps/source/situation.ts';
import { rollback } from '../../../../lib/steps/rollback.ts';
import { writeBranches } from '../../../helpers/branch-files.ts';
import type { Device } from '../../../helpers/device.ts';
import { netDeps, rootDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { dashboard } from '../../../helpers/site-builder.ts';
import { publishOn } from '../branched.ts';
import type { Published } from '../published.ts';
import { install, onSite } from '../published.ts';
import { status } from '../site-server.ts';

type Scene = Published & { on: Device };

function choose(on: Device, branch: string): void {
  on.files.writeSettings({ ...on.files.readSettings(), branch });
}

/** stable has 1.4.0, and it is installed; beta has 1.5.0-beta.1, and is chosen. */
async function betaChosen(): Promise<Scene> {
  const at = await onSite([]);
  await at.publish('1.4.0');
  await publishOn(at, 'beta', '1.5.0-beta.1');
  writeBranches(at.site, [{ name: 'beta' }]);
  await install(at.on);
  choose(at.on, 'beta');
  return at;
}

// Which branch it is in each case: branch-table.test.ts.
describe('followBranch', () => {
  it('drops what is on offer and staged of another branch, even if the new one has nothing', async () => {
    const { on, publish, server } = await onSite(['1.0.0', '1.1.0']);
    await publish('1.2.0');
    await check(netDeps(on));
    await fetchRelease(netDeps(on));
    expect(on.files.readState()).toMatchObject({ available: { version: '1.2.0' }, staged: { version: '1.2.0' } });
    server.answer('/branches.json', (_request, response) => {
      response.end('[{"name":"beta"}]');
    });
    choose(on, 'beta');
    await expect(check(netDeps(on))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: containing("nothing is published on the branch 'beta'"),
      hint: containing('`pikit-update branch stable`'),
    });
    expect(on.files.readState()).toMatchObject({ branch: 'beta', latest: null, available: null, staged: null });
    expect(on.files.readStaged()).toBeNull();
    expect(fs.readdirSync(on.paths.cacheDir)).toEqual(['source']);
  });

  it('leaves a choice alone that the owner has made meanwhile', async () => {
    const { on, site } = await betaChosen();
    writeBranches(site, [{ name: 'nightly' }]);
    const deps = netDeps(on);
    const here = readSituation(deps);
    choose(on, 'nightly');
    const followed = await followBranch(deps, here, 'now');
    expect(on.files.readSettings().branch).toBe('nightly');
    expect([here.branch, followed.here.branch]).toEqual(['beta', 'stable']);
  });

  it('leaves one notice for a branch, however often it goes', async () => {
    const { on, site } = await betaChosen();
    for (let round = 0; round < 2; round += 1) {
      writeBranches(site, [{ name: 'beta' }]);
      choose(on, 'beta');
      await check(netDeps(on));
      writeBranches(site, []);
      await check(netDeps(on));
    }
    expect(on.files.readState().notices).toEqual([
      { id: 'branch-removed:beta', message: "the branch 'beta' was removed: this device now follows stable", at: '2026-11-22T10:00:00.000Z' },
    ]);
  });

  it('says which branch it is about when the list was never seen and cannot be had', async () => {
    const { on, server } = await onSite(['1.0.0']);
    server.answer('/branches.json', status(500));
    choose(on, 'beta');
    await expect(check(netDeps(on))).rejects.toMatchObject({
      code: 'SERVER_ERROR',
      message: containing("it is not known yet whether the branch 'beta' exists; it stays chosen: "),
      hint: containing('`pikit-update branch stable` follows stable instead'),
    });
    expect(on.files.readState()).toMatchObject({ branch: 'stable', last_check: null });
  });
});

describe('branchAsKnown', () => {
  it('goes by the last list, sends no request, and changes nothing', async () => {
    const { on, site, server } = await betaChosen();
    await check(netDeps(on));
    writeBranches(site, []);
    const asked = server.seen.length;
    const deps = rootDeps(on);
    expect(branchAsKnown(deps, deps.loadConfig(), 'beta')).toBe('beta');
    expect(branchAsKnown(deps, deps.loadConfig(), 'nightly')).toBe('stable');
    expect(branchAsKnown(deps, deps.loadConfig(), 'stable')).toBe('stable');
    expect(server.seen).toHaveLength(asked);
    expect(on.files.readSettings().branch).toBe('beta');
  });
});

describe('from one branch to another', () => {
  it('goes to the beta, names it everywhere, and comes back to an older stable, once', async () => {
    const { on, publish, site } = await betaChosen();
    const there = netDeps(on);
    expect(await check(there)).toMatchObject({ outcome: 'ok', message: "1.5.0-beta.1 is available on the branch 'beta' (installed: 1.4.0)" });
    await install(on);
    expect(on.files.readState()).toMatchObject({ current: '1.5.0-beta.1', branch: 'beta', installed_branch: 'beta' });
    expect(on.files.readHistory().at(-1)).toMatchObject({ to: '1.5.0-beta.1', branch: 'beta' });
    expect(await check(netDeps(on))).toMatchObject({ outcome: 'nothing', message: 'up to date: 1.5.0-beta.1 is installed' });

    choose(on, 'stable');
    expect(await check(netDeps(on))).toMatchObject({ outcome: 'ok', message: '1.4.0 is available as a downgrade (installed: 1.5.0-beta.1)' });
    expect(on.files.readState().available).toMatchObject({
      version: '1.4.0',
      downgrade: true,
      reason: "it is older than 1.5.0-beta.1, which is installed from the branch 'beta'",
    });
    await install(on);
    expect(on.files.readState()).toMatchObject({ current: '1.4.0', branch: 'stable', installed_branch: 'stable' });

    // From here on only newer ones count again.
    writeBranches(site, [{ name: 'beta' }]);
    const manifest = `${site}/manifest.json`;
    fs.writeFileSync(manifest, fs.readFileSync(manifest, 'utf8').replaceAll('1.4.0', '1.3.0'));
    expect((await check(netDeps(on))).message).toBe('up to date: the newest release is 1.3.0, and 1.4.0 is installed');
    await publish('1.6.0');
    expect((await check(netDeps(on))).message).toBe('1.6.0 is available (installed: 1.4.0)');
  });

  it('offers it again when the owner goes back to the beta by rollback', async () => {
    const { on } = await betaChosen();
    await install(on);
    choose(on, 'stable');
    await check(netDeps(on));
    await install(on);
    await rollback(rootDeps(on));
    expect(on.files.readState()).toMatchObject({ current: '1.5.0-beta.1', branch: 'stable', installed_branch: 'beta' });
    expect((await check(netDeps(on))).message).toBe('1.4.0 is available as a downgrade (installed: 1.5.0-beta.1)');
  });

  it('takes what was promoted as it was for a release of stable', async () => {
    const at = await betaChosen();
    await publishOn(at, 'beta', '1.5.0');
    await install(at.on);
    choose(at.on, 'stable');
    await at.publish('1.5.0');
    expect((await check(netDeps(at.on))).message).toBe('up to date: 1.5.0 is installed');
    expect(at.on.files.readState().installed_branch).toBe('stable');
  });

  it('offers an older release of the same branch, when that was taken back', async () => {
    const at = await betaChosen();
    await publishOn(at, 'beta', '1.5.0-beta.2');
    await install(at.on);
    await publishOn(at, 'beta', '1.5.0-beta.1');
    expect((await check(netDeps(at.on))).message).toBe("1.5.0-beta.1 is available on the branch 'beta' as a downgrade (installed: 1.5.0-beta.2)");
    await install(at.on);
    expect(at.on.files.readVersion()).toBe('1.5.0-beta.1');
  });

  it("leaves nothing of the configuration that the beta brought, and brings the owner's edits of it back with it", async () => {
    const at = await onSite([]);
    const { on } = at;
    const conf = (name: string): string | null => on.read(`/usr/local/bin/${name}`);
    await at.publish('1.4.0', { files: { ...dashboard('1.4.0'), 'helpers/both.conf': 'one\n' }, config: ['helpers/both.conf'] });
    const files = { ...dashboard('1.5.0-beta.1'), 'helpers/both.conf': 'two\n', 'helpers/beta.conf': 'beta\n' };
    await publishOn(at, 'beta', '1.5.0-beta.1', { files, config: ['helpers/both.conf', 'helpers/beta.conf'] });
    writeBranches(at.site, [{ name: 'beta' }]);
    await install(on);
    fs.writeFileSync(on.at('/usr/local/bin/both.conf'), 'mine\n');
    choose(on, 'beta');
    await install(on);
    fs.writeFileSync(on.at('/usr/local/bin/beta.conf'), 'mine too\n');
    const withBeta = on.tree();
    expect([conf('both.conf'), conf('both.conf.pikit-new'), conf('beta.conf')]).toEqual(['mine\n', 'two\n', 'mine too\n']);
    choose(on, 'stable');
    await install(on);
    expect([conf('both.conf'), conf('both.conf.pikit-new'), conf('beta.conf')]).toEqual(['mine\n', 'one\n', null]);
    await rollback(rootDeps(on));
    expect(on.tree()).toEqual(withBeta);
  });

  it('knows where a release came from when the state was lost: root has let it know', async () => {
    const { on } = await betaChosen();
    await install(on);
    fs.rmSync(on.paths.state);
    choose(on, 'stable');
    expect((await check(netDeps(on))).message).toBe('1.4.0 is available as a downgrade (installed: 1.5.0-beta.1)');
    fs.rmSync(on.paths.published);
    fs.rmSync(on.paths.state);
    expect((await check(netDeps(on))).outcome).toBe('nothing');
  });
});

describe('by itself', () => {
  const LEFT =
    '1.4.0 will not be installed automatically because it is older than 1.5.0-beta.1, which is installed; run `pikit-update apply` to install it';

  async function backOnStable(): Promise<Scene> {
    const at = await betaChosen();
    await install(at.on);
    at.on.files.writeSettings({ ...at.on.files.readSettings(), branch: 'stable', auto: 'install' });
    return at;
  }

  function grant(on: Device, what: 'fetch' | 'apply'): void {
    fs.mkdirSync(dirname(tokenPath(on.paths, 'granted', what)), { recursive: true });
    fs.writeFileSync(tokenPath(on.paths, 'granted', what), JSON.stringify({ run: 'r', until: 'apply', by: 'timer' }));
  }

  it('check stops the chain at a downgrade, and says so', async () => {
    const { on } = await backOnStable();
    const deps = netDeps(on, { byTimer: true });
    expect((await check(deps)).outcome).toBe('ok');
    expect(deps.said).toEqual([`notice: ${LEFT}`]);
    expect(on.files.readState().available).toMatchObject({ version: '1.4.0', outcome: 'available', downgrade: true });
    expect(on.read('/run/pikit-update/next/fetch')).toBeNull();
  });

  it.each([false, true])('fetch does not go on to one either; known from the check: %s', async (known) => {
    const { on } = await backOnStable();
    if (known) await check(netDeps(on));
    grant(on, 'fetch');
    expect(await fetchRelease(netDeps(on))).toMatchObject({ outcome: 'nothing', message: LEFT });
    expect(on.files.readStaged()).toBeNull();
    expect(on.read('/run/pikit-update/next/apply')).toBeNull();
  });

  it('apply leaves one that is staged to the owner', async () => {
    const { on } = await backOnStable();
    await check(netDeps(on));
    await fetchRelease(netDeps(on));
    grant(on, 'apply');
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'nothing', message: LEFT });
    expect(on.files.readVersion()).toBe('1.5.0-beta.1');
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'ok', to: '1.4.0' });
  });
});

describe('apply', () => {
  it.each<[string, (at: Scene) => void, string]>([
    [
      'chosen-again',
      ({ on }) => {
        choose(on, 'stable');
      },
      "1.5.0-beta.1 is not installed: it was downloaded from the branch 'beta', and this device now follows 'stable'",
    ],
    [
      'no-list-any-more',
      ({ on }) => {
        fs.rmSync(`${on.paths.cacheDir}/source/branches.json`);
      },
      "1.5.0-beta.1 is not installed: it was downloaded from the branch 'beta', and this device now follows 'stable'",
    ],
  ])('installs nothing that is staged of another branch: %s', async (_name, change, message) => {
    const at = await betaChosen();
    await fetchRelease(netDeps(at.on));
    change(at);
    const before = at.on.tree();
    expect(await apply(rootDeps(at.on))).toMatchObject({ outcome: 'nothing', message });
    expect(at.on.tree()).toEqual(before);
    expect(at.on.files.readStaged()).toBeNull();
  });

  it('installs nothing of a branch that was disabled after the download', async () => {
    const { on, site } = await betaChosen();
    await fetchRelease(netDeps(on));
    writeBranches(site, [{ name: 'beta', enabled: false }]);
    await check(netDeps(on));
    expect(on.files.readStaged()).toBeNull();
    expect(await apply(rootDeps(on))).toMatchObject({ outcome: 'nothing', message: '1.4.0 is installed and there is nothing newer' });
  });
});
