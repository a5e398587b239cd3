import fs from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readPlan } from '../../../../lib/device/plan.ts';
import { check } from '../../../../lib/steps/check.ts';
import { fetchRelease } from '../../../../lib/steps/fetch.ts';
import type { Device } from '../../../helpers/device.ts';
import { NOW, netDeps, rootDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { freeSpace } from '../../../../lib/io/disk.ts';
import type { Published } from '../published.ts';
import { holdVersions, install, onSite } from '../published.ts';
import { status } from '../site-server.ts';

/** A device on 1.0.0, and a source with what this says, one after the other. */
async function behind(releases: readonly (readonly [version: string, needs: string | null, more?: object])[]): Promise<Published & { on: Device }> {
  const source = await onSite(['1.0.0']);
  await install(source.on);
  for (const [version, minVersion, more] of releases) await source.publish(version, { minVersion, ...more });
  source.server.seen.length = 0;
  return source;
}

const STONES = [
  ['1.5.0', null],
  ['2.0.0', '1.5.0'],
] as const;

describe('the way to a release that needs another one first', () => {
  it('is said before it is gone, and gone to its end', async () => {
    const { on, server } = await behind([...STONES]);
    expect(await check(netDeps(on))).toMatchObject({ outcome: 'ok', to: '1.5.0', message: '1.5.0 is available (installed: 1.0.0); 2.0.0 follows' });
    expect(server.paths()).toEqual(['/branches.json', '/manifest.json', '/releases.json', '/manifests/stable/1.5.0.json']);
    expect(on.files.readState()).toMatchObject({ latest: '2.0.0', available: { version: '1.5.0', route: ['1.5.0', '2.0.0'] } });
    const deps = { ...rootDeps(on), freeSpace, units: () => Promise.reject(new Error('no units')), isAlive: () => true, terminate: null };
    expect(readPlan(deps).plan).toMatchObject({ version: '1.5.0', route: ['1.5.0', '2.0.0'] });
    await install(on);
    expect(on.files.readVersion()).toBe('1.5.0');
    expect(on.files.readState().last_result).toMatchObject({ message: '1.5.0 is installed (before: 1.0.0); 2.0.0 follows', follows: ['2.0.0'] });
    await install(on);
    expect(on.files.readVersion()).toBe('2.0.0');
    expect(on.files.readState().last_result).not.toHaveProperty('follows');
  });

  it('is looked for by those alone who need it', async () => {
    const { on, server, publish } = await behind([['1.5.0', null]]);
    await install(on);
    await publish('2.0.0', { minVersion: '1.5.0' });
    server.seen.length = 0;
    await check(netDeps(on));
    expect(server.paths()).toEqual(['/branches.json', '/manifest.json']);
  });

  it('leads over several, each as far as it can', async () => {
    const { on } = await behind([
      ['1.2.0', null],
      ['1.3.0', null],
      ['1.8.0', '1.2.5'],
      ['1.9.0', '1.8.0'],
      ['3.0.0', '1.9.0'],
    ]);
    expect((await check(netDeps(on))).message).toBe('1.3.0 is available (installed: 1.0.0); 1.8.0, then 1.9.0, then 3.0.0 follow');
    for (const version of ['1.3.0', '1.8.0', '1.9.0', '3.0.0']) {
      await install(on);
      expect(on.files.readVersion()).toBe(version);
    }
  });

  it('passes by what is for other devices, and what failed here', async () => {
    const { on } = await behind([
      ['1.5.0', null],
      ['1.6.0', null],
      ['1.7.0', null, { arch: ['armhf'] }],
      ['2.0.0', '1.5.0'],
    ]);
    const held = { version: '1.6.0', reason: 'failed' as const, code: null, message: 'it fell', at: NOW.toISOString(), attempts: 1 };
    holdVersions(on, held);
    expect(await check(netDeps(on))).toMatchObject({ to: '1.5.0', message: containing('2.0.0 follows') });
  });

  it('says of a single step that failed here why it is not taken', async () => {
    const { on } = await behind([...STONES]);
    const held = { version: '1.5.0', reason: 'failed' as const, code: null, message: 'it fell', at: NOW.toISOString(), attempts: 1 };
    holdVersions(on, held);
    expect(await check(netDeps(on))).toMatchObject({ outcome: 'nothing', message: containing('1.5.0 is held') });
    expect(on.files.readState().available).toMatchObject({ version: '1.5.0', outcome: 'held' });
  });

  it('leaves a step to its rollout for the timer, and takes it by hand', async () => {
    const { on } = await behind([
      ['1.5.0', null, { rolloutPercent: 0 }],
      ['2.0.0', '1.5.0'],
    ]);
    expect(await check(netDeps(on, { byTimer: true }))).toMatchObject({ outcome: 'nothing', message: containing('1.5.0 goes to 0%') });
    expect(await check(netDeps(on))).toMatchObject({ outcome: 'ok', to: '1.5.0' });
  });

  it('ends at the newest that works here where the newest is for other devices', async () => {
    const { on } = await behind([
      ['1.5.0', null],
      ['2.0.0', null, { arch: ['armhf'] }],
    ]);
    expect(await check(netDeps(on))).toMatchObject({ to: '1.5.0', message: containing('2.0.0 is not offered: 2.0.0 is for armhf') });
    await install(on);
    expect((await check(netDeps(on))).message).toContain('2.0.0 is not offered');
  });

  it('is not there on a site without a list, and nothing fails', async () => {
    const { on, site } = await behind([...STONES]);
    fs.rmSync(join(site, 'releases.json'));
    expect(await check(netDeps(on))).toMatchObject({ outcome: 'nothing', message: containing('2.0.0 needs 1.5.0 to be installed first') });
  });

  it.each([
    [
      'not there',
      (site: string) => {
        fs.rmSync(join(site, 'manifests/stable/1.5.0.json'));
      },
    ],
    [
      'another one than the list means',
      (site: string) => {
        fs.appendFileSync(join(site, 'manifests/stable/1.5.0.json'), ' ');
      },
    ],
  ])('goes round a step whose manifest is %s', async (_name, damage) => {
    const { on, site } = await behind([['1.4.0', null], ...STONES]);
    damage(site);
    const deps = netDeps(on);
    expect(await check(deps)).toMatchObject({ to: '1.4.0', message: containing('2.0.0 is not offered') });
    expect(deps.said.join('\n')).toContain('1.5.0 is left out of the way to the newest release');
  });

  it('is asked for with conditions by the timer, and its manifests once', async () => {
    const { on, server } = await behind([...STONES]);
    const deps = { byTimer: true };
    await check(netDeps(on, deps));
    server.seen.length = 0;
    await check(netDeps(on, deps));
    expect(server.seen.map(({ path, ifNoneMatch }) => [path, ifNoneMatch !== null])).toEqual([
      ['/branches.json', true],
      ['/manifest.json', true],
      ['/releases.json', true],
    ]);
  });

  it('fails with the server that has a problem, and changes nothing', async () => {
    const { on, server } = await behind([...STONES]);
    server.answer('/releases.json', status(503));
    const before = on.files.readState();
    await expect(check(netDeps(on))).rejects.toMatchObject({ code: 'SERVER_ERROR' });
    expect(on.files.readState()).toEqual(before);
  });

  it('is the same from a folder', async () => {
    const { on, site } = await behind([...STONES]);
    on.configure({ url: pathToFileURL(site).href });
    await install(on);
    await install(on);
    expect(on.files.readVersion()).toBe('2.0.0');
  });
});

describe('build metadata', () => {
  it('is another release off stable: offered, installed, told, and left again', async () => {
    const { on, publish, site } = await onSite(['1.5.0']);
    await install(on);
    fs.writeFileSync(join(site, 'branches.json'), JSON.stringify([{ name: 'issue' }]));
    await publish('1.5.0+issue.1234', { branch: 'issue' });
    on.files.writeSettings({ ...on.files.readSettings(), branch: 'issue' });
    expect(await check(netDeps(on))).toMatchObject({ outcome: 'ok', to: '1.5.0+issue.1234' });
    await install(on);
    expect(on.files.readVersion()).toBe('1.5.0+issue.1234');
    expect((await check(netDeps(on))).message).toBe('up to date: 1.5.0+issue.1234 is installed');
    await publish('1.5.1+issue.1235', { branch: 'issue' });
    expect((await check(netDeps(on))).to).toBe('1.5.1+issue.1235');
    on.files.writeSettings({ ...on.files.readSettings(), branch: 'stable' });
    expect(await check(netDeps(on))).toMatchObject({ outcome: 'ok', to: '1.5.0' });
    await install(on);
    expect(on.files.readVersion()).toBe('1.5.0');
    expect((await check(netDeps(on))).message).toBe('up to date: 1.5.0 is installed');
    expect((await fetchRelease(netDeps(on))).message).toBe('up to date: 1.5.0 is installed');
  });
});
