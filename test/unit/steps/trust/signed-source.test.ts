import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256Of } from '../../../../lib/core/digest.ts';
import { check } from '../../../../lib/steps/check.ts';
import { refreshSigned } from '../../../../lib/steps/trust/signed-source.ts';
import type { Device } from '../../../helpers/device.ts';
import { NOW, device, netDeps } from '../../../helpers/device.ts';
import { containing } from '../../../helpers/matchers.ts';
import { onSignedSite } from '../../../helpers/tuf-site.ts';
import { bytes } from '../site-server.ts';

const PAGE = '<!doctype html><title>Log in</title>';

const byTimer = (on: Device): ReturnType<typeof check> => check(netDeps(on, { byTimer: true }));

it('is null where no root is trusted', async () => {
  const deps = netDeps(device());
  expect(await refreshSigned(deps, deps.loadConfig(), 'stable')).toBeNull();
});

describe('a check of a signed site', () => {
  it('asks for the next root, the metadata, and the documents by their digest', async () => {
    const { on, server, site, tuf } = await onSignedSite(['1.0.0']);
    const deps = netDeps(on);
    expect(await check(deps)).toMatchObject({ outcome: 'ok', message: '1.0.0 is available (nothing is installed)' });
    const digest = sha256Of(fs.readFileSync(join(site, 'manifest.json')));
    expect(server.paths().filter((path) => !path.includes('branches'))).toEqual([
      '/tuf/2.root.json',
      '/tuf/timestamp.json',
      `/tuf/${tuf.nameOf('snapshot')}`,
      `/tuf/${tuf.nameOf('targets')}`,
      `/tuf/targets/${digest}.manifest.json`,
    ]);
    const signed = { role: 'targets', keys: [{ fingerprint: containing('SHA256:'), name: 'targets' }], until: '2026-12-06T10:00:00.000Z' };
    expect(on.files.readState()).toMatchObject({
      unsigned: false,
      available: { version: '1.0.0', signed },
      trust: { root: 1, timestamp: tuf.timestamp.version, good: NOW.toISOString(), until: '2026-12-06T10:00:00.000Z', problem: null },
    });
    expect(deps.said).toEqual([]);
  });

  it.each(['by hand', 'by the timer'])('with nothing new is two requests, without conditions, %s', async (how) => {
    const { on, server } = await onSignedSite(['1.0.0']);
    await check(netDeps(on));
    server.seen.length = 0;
    await check(netDeps(on, { byTimer: how === 'by the timer' }));
    await check(netDeps(on, { byTimer: how === 'by the timer' }));
    const two = ['/tuf/2.root.json', '/tuf/timestamp.json'];
    expect(server.paths()).toEqual([...two, ...two]);
    expect(server.seen.map(({ ifNoneMatch }) => ifNoneMatch)).toEqual([null, null, null, null]);
  });

  it('sees a new release although the server says that nothing has changed', async () => {
    const { on, publish, sign } = await onSignedSite(['1.0.0']);
    await check(netDeps(on));
    await publish('1.1.0');
    sign();
    expect((await byTimer(on)).message).toContain('1.1.0 is available');
  });

  it('takes a document at its plain name where there is no copy under its digest', async () => {
    const { on, server, site } = await onSignedSite(['1.0.0']);
    fs.rmSync(join(site, 'tuf/targets'), { recursive: true });
    expect((await check(netDeps(on))).message).toContain('1.0.0 is available');
    expect(server.paths()).toContain('/manifest.json');
  });

  it('takes a site that never had a list of branches', async () => {
    const { on, site, sign, tuf } = await onSignedSite(['1.0.0']);
    fs.rmSync(join(site, 'branches.json'), { force: true });
    tuf.drop('branches.json');
    sign();
    expect((await check(netDeps(on))).message).toContain('1.0.0 is available');
  });

  it('tells of a branch that has no release yet', async () => {
    const { on, site, sign } = await onSignedSite(['1.0.0']);
    fs.writeFileSync(join(site, 'branches.json'), JSON.stringify([{ name: 'nightly', enabled: true, visible: true }]));
    sign();
    on.files.writeSettings({ ...on.files.readSettings(), branch: 'nightly' });
    await expect(check(netDeps(on))).rejects.toMatchObject({
      code: 'SIGNATURE_MISSING',
      message: containing("nothing is published on the branch 'nightly': "),
      hint: containing('`pikit-update branch stable`'),
    });
  });

  it('goes on where the server sends a page in the place of what it does not have', async () => {
    const { on, server } = await onSignedSite(['1.0.0']);
    server.answer('/tuf/2.root.json', bytes(PAGE));
    expect((await check(netDeps(on))).outcome).toBe('ok');
  });
});

describe('the login page of a network', () => {
  const pages: [string, string][] = [
    ['a short one', PAGE],
    ['one that is larger than metadata may be', PAGE + ' '.repeat(100_000)],
  ];

  it.each(pages)('is told as that, and not as an attack: %s', async (_name, page) => {
    const { on, server } = await onSignedSite(['1.0.0']);
    await check(netDeps(on));
    const before = on.files.readState();
    for (const path of ['/tuf/2.root.json', '/tuf/timestamp.json']) {
      server.answer(path, (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end(page);
      });
    }
    await expect(check(netDeps(on))).rejects.toMatchObject({ code: 'CAPTIVE_PORTAL', hint: containing('log in') });
    expect(on.files.readState().trust).toEqual(before.trust);
  });
});

it('tries again after a failure of the network, as with other documents', async () => {
  const { on, server } = await onSignedSite(['1.0.0']);
  fs.writeFileSync(on.paths.config, fs.readFileSync(on.paths.config, 'utf8').replace('retries = 0', 'retries = 1'));
  server.answer('/tuf/timestamp.json', (_request, response) => {
    server.answer('/tuf/timestamp.json', null);
    response.destroy();
  });
  const deps = netDeps(on);
  expect((await check(deps)).outcome).toBe('ok');
  expect(deps.said).toEqual([containing('retrying')]);
});
