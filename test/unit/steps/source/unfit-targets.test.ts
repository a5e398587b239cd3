import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseManifest } from '../../../../lib/core/release/manifest.ts';
import { check } from '../../../../lib/steps/check.ts';
import { fetchRelease } from '../../../../lib/steps/fetch.ts';
import { writePublicFacts } from '../../../../lib/steps/outcome/write-public-facts.ts';
import { unfitTargets } from '../../../../lib/steps/source/unfit-targets.ts';
import type { Device } from '../../../helpers/device.ts';
import { netDeps, rootDeps, step } from '../../../helpers/device.ts';
import { containing, matching } from '../../../helpers/matchers.ts';
import { onSite } from '../published.ts';

const NOBODY = '65534';
const WEB = '/var/www/pikit-web';

function look(on: Device): ReturnType<typeof unfitTargets> {
  const deps = netDeps(on);
  return unfitTargets(deps, deps.loadConfig(), parseManifest(fs.readFileSync(`${on.paths.cacheDir}/source/manifest.json`)));
}

it('is content with a device as it should be', async () => {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  const deps = netDeps(on);
  await check(deps);
  expect(look(on)).toBeNull();
  expect(deps.said.filter((line) => line.startsWith('warning'))).toEqual([]);
});

it('tells of folders that others can change at the check, and fails before the download', async () => {
  const { on, server } = await onSite(['1.0.0', '1.1.0']);
  for (const dir of [WEB, `${WEB}/assets`]) fs.chmodSync(on.at(dir), 0o777);
  const deps = netDeps(on);
  expect(await check(deps)).toMatchObject({ outcome: 'ok' });
  const both = new RegExp(`'${WEB}' is world-writable, '${WEB}/assets' is world-writable`);
  expect(deps.said).toContainEqual(matching(both));
  const asked = server.paths().length;
  await expect(fetchRelease(netDeps(on))).rejects.toMatchObject({
    code: 'DEST_UNSAFE',
    message: matching(both),
    hint: containing(`chown root ${WEB} ${WEB}/assets && chmod go-w ${WEB} ${WEB}/assets`),
  });
  // It asks what there is, and no more.
  expect(server.paths().slice(asked)).toEqual(['/branches.json', '/manifest.json']);
});

it('tells of a link on the way before the download', async () => {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  await check(netDeps(on));
  fs.renameSync(on.at(WEB), on.at('/srv-web'));
  fs.symlinkSync(on.at('/srv-web'), on.at(WEB));
  expect(look(on)).toMatchObject({ code: 'DEST_TYPE', message: containing(`'${WEB}' is a symbolic link`) });
});

describe.skipIf(process.getuid?.() !== 0)('folders that are closed to the user who downloads (needs root)', () => {
  it.each([
    ['/var/www/pikit-web', 0o750],
    ['/var/www', 0o700],
    ['/usr/local/bin', 0o700],
  ])('%s with mode %o: the download does not look at live files', async (dir, mode) => {
    const { on } = await onSite(['1.0.0', '1.1.0']);
    writePublicFacts(rootDeps(on), 'apply', null);
    fs.chmodSync(on.root, 0o755);
    fs.chmodSync(on.paths.privateDir, 0o700);
    fs.chmodSync(on.at(dir), mode);
    const { stateDir, cacheDir, runDir, lock } = on.paths;
    for (const own of [cacheDir, runDir]) fs.mkdirSync(own, { recursive: true });
    fs.writeFileSync(lock, '');
    execFileSync('chown', ['-R', NOBODY, stateDir, cacheDir, runDir, lock]);
    const ended = await step(on, 'fetch', { through: ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'] });
    expect([ended.code, ended.err, ended.out]).toEqual([0, '', containing('1.1.0 is downloaded and verified')]);
  });
});
