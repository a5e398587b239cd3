/** The scenes: whatever writes to the trust state of a device, on the device that it begins with. */
import { trustLeft, resetTrust } from '../../../lib/device/trust-reset.ts';
import type { ReaderDeps } from '../../../lib/device/deps.ts';
import { setTrustedRoot } from '../../../lib/device/trust-set.ts';
import { rootFromBytes } from '../../../lib/device/trust-file.ts';
import { freeSpace } from '../../../lib/io/disk.ts';
import { check } from '../../../lib/steps/check.ts';
import { STEPS, stage } from '../model/device.ts';
import type { Ground, News } from './ground.ts';
import { NEWEST, RELEASED, RENEWED, REPAIRED, makeDevice, makeUnsignedDevice } from './ground.ts';

export interface Scene {
  name: string;
  news: News;
  /** Makes the device before. */
  start: (root: string, ground: Ground) => Promise<void>;
  act: (root: string, ground: Ground) => Promise<unknown>;
  /** `follows`: from one chain of signatures to the next. `gives`: the owner gives a root. `resets`: the owner takes it away. */
  is: 'follows' | 'gives' | 'resets';
  /** The first name that no longer is about trust: what follows is tested elsewhere. */
  until?: string;
}

/** Of the command line. */
function ownerOn(root: string, { stepsOn }: Ground): ReaderDeps {
  const noUnits = (): Promise<never> => Promise.reject(new Error('there are no units here'));
  return { ...stepsOn(root), freeSpace, units: noUnits, isAlive: () => false, terminate: null };
}

/** `pikit-update trust FILE`, agreed to. */
export async function giveRoot(root: string, ground: Ground, version: number): Promise<void> {
  await setTrustedRoot(ownerOn(root, ground), rootFromBytes(ground.roots.get(version) ?? Buffer.alloc(0), 'root.json'), () => undefined);
}

/** `pikit-update trust reset`, agreed to. Answers what is left. */
export async function takeRoot(root: string, ground: Ground): Promise<readonly string[]> {
  await resetTrust(ownerOn(root, ground), () => undefined);
  return trustLeft(ownerOn(root, ground));
}

const checks: Scene['act'] = async (root, { networkOn }) => await check(networkOn(root, 'young'));
const applies: Scene['act'] = async (root, { stepsOn }) => await STEPS.apply(stepsOn(root));

async function checked(root: string, ground: Ground): Promise<void> {
  await makeDevice(root, ground);
  await check(ground.networkOn(root, 'young'));
  stage(root, NEWEST);
}

const CHECK = { start: makeDevice, act: checks, is: 'follows' } as const;
const APPLY = { start: checked, act: applies, is: 'follows', until: 'journal.json' } as const;

const SCENES: readonly Scene[] = [
  { name: 'check-release', news: RELEASED, ...CHECK },
  { name: 'check-three-roots', news: RENEWED, ...CHECK },
  { name: 'check-repair', news: REPAIRED, ...CHECK },
  { name: 'apply-release', news: RELEASED, ...APPLY },
  { name: 'apply-three-roots', news: RENEWED, ...APPLY },
  { name: 'apply-repair', news: REPAIRED, ...APPLY },
  { name: 'trust-first', news: RELEASED, start: makeUnsignedDevice, act: (root, ground) => giveRoot(root, ground, 1), is: 'gives' },
  { name: 'trust-next', news: RENEWED, start: makeDevice, act: (root, ground) => giveRoot(root, ground, 2), is: 'gives' },
  { name: 'trust-reset', news: RENEWED, start: checked, act: takeRoot, is: 'resets' },
];

export function sceneNamed(name: string): Scene {
  const scene = SCENES.find((one) => one.name === name);
  if (scene === undefined) throw new Error(`there is no scene '${name}'`);
  return scene;
}
