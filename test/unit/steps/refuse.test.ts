import fs from 'node:fs';
import { expect, it } from 'vitest';
import { fetchRelease } from '../../../lib/steps/fetch.ts';
import { refuse } from '../../../lib/steps/refuse.ts';
import { readStagedManifest } from '../../../lib/steps/staging.ts';
import type { Device } from '../../helpers/device.ts';
import { NOW, netDeps, rootDeps } from '../../helpers/device.ts';
import { onSite } from './published.ts';

/** What root says of 1.1.0, downloaded over 1.0.0, after something has happened. */
async function saidOf(happens: (on: Device) => void, isByHand = true): Promise<{ said: string | null; isKept: boolean }> {
  const { on } = await onSite(['1.0.0', '1.1.0']);
  await fetchRelease(netDeps(on));
  happens(on);
  const deps = rootDeps(on);
  const staged = on.files.readStaged();
  if (staged === null) throw new Error('nothing is staged');
  const said = refuse(deps, deps.loadConfig(), staged, readStagedManifest(deps, staged), isByHand);
  return { said, isKept: on.files.readStaged() !== null };
}

function wentBack(on: Device): void {
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
  expect(await saidOf(wentBack, false)).toEqual({
    said: '1.1.0 is not installed by itself: you went back from it; `pikit-update apply` installs it',
    isKept: true,
  });
});
