import fs from 'node:fs';
import { expect, it } from 'vitest';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { whyRefused } from '../../../lib/steps/refuse.ts';
import { verifyStaged } from '../../../lib/steps/trust/verified-release.ts';
import type { RunOrder } from '../../../lib/steps/wanted.ts';
import { BY_TIMER } from '../../../lib/steps/wanted.ts';
import type { Device } from '../../helpers/device.ts';
import { NOW, netDeps, rootDeps } from '../../helpers/device.ts';
import { onSite } from './published.ts';

/** What root says of 1.1.0, downloaded over 1.0.0, after something has happened. */
async function saidOf(
  happens: (on: Device) => void,
  order: RunOrder = { by: 'owner', wanted: null },
): Promise<{ said: string | null; isKept: boolean }> {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  await fetchRelease(netDeps(on));
  happens(on);
  const deps = rootDeps(on);
  const staged = on.files.readStaged();
  if (staged === null) throw new Error('nothing is staged');
  const said = whyRefused(deps, deps.loadConfig(), staged, await verifyStaged(deps, deps.loadConfig(), staged), order);
  return { said, isKept: on.files.readStaged() !== null };
}

function wentBack(on: Device): void {
  on.files.writeSettings({ ...on.files.readSettings(), auto: 'install' });
  const entry = { version: '1.1.0', reason: 'rolled-back' as const, code: null, message: 'went back', at: NOW.toISOString(), attempts: 0 };
  on.files.writeHeld({ schema: 1, versions: [entry] });
}

it('has nothing against what is newer, and of the branch that is used', async () => {
  expect(await saidOf(() => undefined)).toEqual({ said: null, isKept: true });
});

it('drops what is not newer than what is installed by now', async () => {
  const said = await saidOf((on) => {
    fs.writeFileSync(on.paths.version, '1.2.0\n');
  });
  expect(said).toEqual({ said: '1.1.0 is older than 1.2.0, which is installed', isKept: false });
});

it('leaves a version that the owner went back from to the owner', async () => {
  expect(await saidOf(wentBack)).toEqual({ said: null, isKept: true });
  expect(await saidOf(wentBack, BY_TIMER)).toEqual({
    said: '1.1.0 will not be installed automatically because you rolled it back; run `pikit-update apply` to install it',
    isKept: true,
  });
});
