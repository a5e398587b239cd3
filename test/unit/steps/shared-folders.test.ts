/** What the user of the network steps puts in the way of root keeps no transaction open, and decides nothing about going back. */
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tokenPath } from '../../../lib/core/device/paths.ts';
import { apply } from '../../../lib/steps/apply.ts';
import { check } from '../../../lib/steps/check.ts';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { rollback } from '../../../lib/steps/rollback.ts';
import type { Device } from '../../helpers/device.ts';
import { netDeps, rootDeps, step } from '../../helpers/device.ts';
import { containing } from '../../helpers/matchers.ts';
import { NETWORK_USER, asNetworkUser, shareFolders } from '../../helpers/shared-folders.ts';
import { writeBranches } from '../../helpers/branch-files.ts';
import { publishOn } from './branched.ts';
import { onSite } from './published.ts';

/** On 1.0.0, with 1.1.0 staged. */
async function staged(): Promise<Device> {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  await fetchRelease(netDeps(on));
  shareFolders(on.root, on.paths);
  return on;
}

function versionOf(on: Device): string {
  return on.read('/etc/pikit/version')?.trim() ?? '';
}

describe.skipIf(process.getuid?.() !== 0)('a folder in the place of a file (needs root)', () => {
  const NAMES = ['state.json.tmp', 'state.json', 'staged.tmp', 'timings.json', 'published.json.tmp', 'settings.json.tmp'];

  it.each(NAMES)('keeps no transaction open, and is told once with a path that can be found: %s', async (name) => {
    const on = await staged();
    const path = `${on.paths.stateDir}/${name}`;
    asNetworkUser(() => {
      if (fs.existsSync(path)) fs.unlinkSync(path);
      fs.mkdirSync(path);
    });
    const deps = rootDeps(on);
    expect(await apply(deps)).toMatchObject({ outcome: 'ok', to: '1.1.0' });
    expect([versionOf(on), fs.existsSync(on.paths.journal)]).toEqual(['1.1.0', false]);
    for (const line of deps.said) expect(line).not.toContain('/proc/');
    expect((await rollback(rootDeps(on))).outcome).toBe('ok');
    expect([versionOf(on), fs.existsSync(on.paths.journal)]).toEqual(['1.0.0', false]);
  });

  it('at `staged`, put there while services restart, keeps no transaction open either', async () => {
    const on = await staged();
    const plain = rootDeps(on);
    const deps = rootDeps(on, { services: (config) => planting(on, plain.services(config)) });
    expect((await apply(deps)).outcome).toBe('ok');
    expect(fs.existsSync(on.paths.journal)).toBe(false);
    expect(deps.said).toContainEqual(containing(`moved it to '${on.paths.staged}.damaged'`));
  });

  function planting(on: Device, services: ReturnType<ReturnType<typeof rootDeps>['services']>): typeof services {
    return {
      ...services,
      restart: async (units) => {
        fs.rmSync(on.paths.staged, { force: true });
        asNetworkUser(() => {
          fs.mkdirSync(on.paths.staged);
        });
        return await services.restart(units);
      },
    };
  }
});

describe.skipIf(process.getuid?.() !== 0)('a state that cannot be written at all (needs root)', () => {
  /** Nothing is written through a link. */
  function lockOut(on: Device): void {
    fs.renameSync(on.paths.stateDir, `${on.paths.stateDir}-away`);
    fs.symlinkSync(`${on.paths.stateDir}-away`, on.paths.stateDir);
  }

  it('closes the transaction of an apply and of a rollback, with the reason in the receipt', async () => {
    const on = await staged();
    lockOut(on);
    const deps = rootDeps(on);
    expect((await apply(deps)).outcome).toBe('ok');
    expect([versionOf(on), fs.existsSync(on.paths.journal)]).toEqual(['1.1.0', false]);
    expect(on.files.readHistory().at(-1)).toMatchObject({
      step: 'apply',
      outcome: 'ok',
      message: containing('; failed to update the state of this device ('),
    });
    expect((await rollback(rootDeps(on))).outcome).toBe('ok');
    expect([versionOf(on), fs.existsSync(on.paths.journal)]).toEqual(['1.0.0', false]);
  });

  it('is made up for by the next step of root', async () => {
    const on = await staged();
    lockOut(on);
    await apply(rootDeps(on));
    fs.unlinkSync(on.paths.stateDir);
    fs.renameSync(`${on.paths.stateDir}-away`, on.paths.stateDir);
    expect(on.files.readState().current).toBe('1.0.0');
    await step(on, 'recover');
    expect(on.files.readState()).toMatchObject({ current: '1.1.0', installed_branch: 'stable', available: null });
  });
});

describe.skipIf(process.getuid?.() !== 0)("the owner's rollback (needs root)", () => {
  it('goes back, whatever tokens the user of the network steps has planted', async () => {
    const on = await staged();
    await apply(rootDeps(on));
    asNetworkUser(() => {
      const token = JSON.stringify({ run: 'x', until: 'rollback', by: 'timer' });
      for (const dir of [on.paths.next, on.paths.granted, on.paths.runDir]) fs.writeFileSync(`${dir}/rollback`, token);
      for (const where of ['next', 'granted'] as const) {
        expect(() => {
          fs.writeFileSync(tokenPath(on.paths, where, 'rollback'), token);
        }).toThrow(/EACCES/);
      }
    });
    expect(await rollback(rootDeps(on))).toMatchObject({ outcome: 'ok', to: '1.0.0' });
  });

  it.each([
    [
      'a folder',
      (path: string) => {
        fs.mkdirSync(path);
      },
    ],
    [
      'a link',
      (path: string) => {
        fs.symlinkSync('/etc', path);
      },
    ],
    [
      'a file',
      (path: string) => {
        fs.writeFileSync(path, 'x');
      },
    ],
  ])('and an apply go on where the folders of orders are not what they should be: %s', async (_name, put) => {
    const on = await staged();
    fs.rmSync(on.paths.orders, { recursive: true });
    put(on.paths.orders);
    expect((await apply(rootDeps(on))).outcome).toBe('ok');
    expect((await rollback(rootDeps(on))).outcome).toBe('ok');
    expect(fs.readdirSync(`${on.paths.orders}/next`)).toEqual([]);
    expect(fs.existsSync('/etc/next')).toBe(false);
  });
});

describe('a run of the timer', () => {
  it.each(['off', 'check', 'download'] as const)('installs nothing where the owner has not said so, whatever fetch has left: %s', async (auto) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    await fetchRelease(netDeps(on));
    on.files.writeSettings({ ...on.files.readSettings(), auto });
    on.files.leaveToken('apply', { run: 'r', until: 'apply', by: 'timer' });
    fs.renameSync(tokenPath(on.paths, 'next', 'apply'), tokenPath(on.paths, 'granted', 'apply'));
    expect(await apply(rootDeps(on))).toMatchObject({
      outcome: 'nothing',
      message: `1.1.0 will not be installed automatically because automatic updates are set to '${auto}'; run \`pikit-update apply\` to install it`,
    });
    expect((await apply(rootDeps(on))).outcome).toBe('ok');
  });
});

describe.skipIf(process.getuid?.() !== 0)('a branch that was removed (needs root)', () => {
  it("is left without the settings, which are root's, until the owner chooses again", async () => {
    const { on, site } = await onSite(['1.0.0']);
    await publishOn({ site }, 'beta', '1.1.0-beta.1');
    writeBranches(site, [{ name: 'beta' }]);
    on.files.writeSettings({ ...on.files.readSettings(), branch: 'beta' });
    await check(netDeps(on));
    expect(on.files.readState().branch).toBe('beta');
    shareFolders(on.root, on.paths);
    writeBranches(site, []);
    // What the user of the network steps is refused, in a process that stays root.
    const deps = netDeps(on);
    const changeSettings: typeof deps.files.changeSettings = async (change, signal) =>
      await asNetworkUser(async () => await deps.files.changeSettings(change, signal));
    const refused = { ...deps, files: { ...deps.files, changeSettings } };
    await check(refused);
    expect(JSON.parse(on.read('/var/lib/pikit-update/settings.json') ?? '')).toMatchObject({ branch: 'beta' });
    expect(on.files.readSettings().branch).toBe('stable');
    expect(on.files.readState().notices).toHaveLength(1);
    expect(fs.statSync(on.paths.state).uid).toBe(NETWORK_USER);
    on.files.writeSettings({ ...on.files.readSettings(), branch: 'beta' });
    expect(on.files.readSettings().branch).toBe('beta');
  });
});
