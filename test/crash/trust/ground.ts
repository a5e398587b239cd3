/** The releases that a scene over the trust state is about, a site as it was signed at three times, and a device that reads it. */
import fs from 'node:fs';
import { dirname, join } from 'node:path';
import { devicePaths } from '../../../lib/core/device/paths.ts';
import { readConfig } from '../../../lib/io/state/config-file.ts';
import { check } from '../../../lib/steps/check.ts';
import type { ApplyDeps, NetworkDeps } from '../../../lib/steps/deps.ts';
import { networkDeps } from '../../../scripts/network-deps.ts';
import { writeTree } from '../../helpers/tree.ts';
import { testKey } from '../../helpers/tuf-keys.ts';
import type { TufRepository } from '../../helpers/tuf-repository.ts';
import { tufRepository } from '../../helpers/tuf-repository.ts';
import { NOW, STEPS, depsOn, manifestOf, stage } from '../model/device.ts';
import type { Release } from '../model/releases.ts';
import { FOREIGN } from '../model/releases.ts';

const release = (version: string): Release => ({ version, files: { 'pikit-web/index.html': `<title>${version}</title>` } });

const INSTALLED = release('1.0.0');
export const NEWEST = release('2.0.0');
/** Signed once, and replaced by what is installed: what an attacker would like to have installed again. */
const REPLACED = release('0.9.0');

/** `older`: before what the device has verified. `old`: what it has verified. `young`: what is signed now. */
type Age = 'older' | 'old' | 'young';

export interface Ground {
  /** The folder of a site. */
  site: (age: Age) => string;
  /** A folder with its metadata, as a device keeps what it has verified. */
  verified: (age: Age) => string;
  /** The roots of the repository by version, as they were signed. */
  roots: ReadonlyMap<number, Buffer>;
  /** What the steps of root are given on a device. */
  stepsOn: (root: string) => ApplyDeps;
  /** What the network steps are given on a device whose source is a site of that age. */
  networkOn: (root: string, age: Age) => NetworkDeps;
}

/** What the maker of the releases does between `old` and `young`. */
export type News = (repository: TufRepository) => void;

/** A new release, under the same keys. */
export const RELEASED: News = (repository) => {
  repository.put('manifest.json', manifestOf(NEWEST));
  repository.publish();
};

/** The same, and three new roots at once, in which root, timestamp, snapshot and targets have other keys. */
export const RENEWED: News = (repository) => {
  for (const role of ['root', 'timestamp', 'snapshot', 'targets']) repository.rotate(role, [testKey(`new ${role}`)]);
  RELEASED(repository);
};

/** How far a stolen key has put the versions forward, which the device has followed. */
const FAR = 1000;

function fastForward({ timestamp, snapshot }: TufRepository): void {
  timestamp.version = FAR;
  snapshot.version = FAR;
}

/** Other keys for timestamp and snapshot, and their versions go on where they were before the theft. */
export const REPAIRED: News = (repository) => {
  repository.timestamp.version -= FAR;
  repository.snapshot.version -= FAR;
  for (const role of ['timestamp', 'snapshot']) repository.rotate(role, [testKey(`new ${role}`)]);
  RELEASED(repository);
};

/** Signs the three sites in a folder, at this time. */
export function makeGround(base: string, news: News, now = NOW): Ground {
  const repository = tufRepository({ now });
  const stepsOn = (root: string): ApplyDeps => ({ ...depsOn(root), now: () => now });
  const site = (age: Age): string => join(base, age);
  const verified = (age: Age): string => join(base, `verified-${age}`);
  const copy = (age: Age, name: string, as: string): void => {
    fs.mkdirSync(verified(age), { recursive: true });
    fs.writeFileSync(join(verified(age), as), repository.files.get(name) ?? '');
  };
  const write = (age: Age): void => {
    repository.writeTo(site(age));
    for (const name of repository.files.keys()) if (name.endsWith('root.json')) copy(age, name, name);
    for (const role of ['timestamp', 'snapshot', 'targets']) copy(age, repository.nameOf(role), `${role}.json`);
    fs.writeFileSync(join(site(age), 'update.toml'), toml(site(age)));
  };
  repository.put('manifest.json', manifestOf(REPLACED));
  repository.publish();
  write('older');
  repository.put('manifest.json', manifestOf(INSTALLED));
  if (news === REPAIRED) fastForward(repository);
  repository.publish();
  write('old');
  news(repository);
  write('young');
  const versions = Array.from({ length: repository.root.version }, (_, index) => index + 1);
  return {
    site,
    verified,
    roots: new Map(versions.map((version) => [version, repository.files.get(`${String(version)}.root.json`) ?? Buffer.alloc(0)])),
    stepsOn,
    networkOn: (root, age) => ({ ...networkDeps(stepsOn(root)), loadConfig: () => readConfig(join(site(age), 'update.toml')) }),
  };
}

function toml(site: string): string {
  return `[source]
type = "static"
url = "file://${site}/"
[services]
manager = "none"
[limits]
retries = 0
`;
}

/** A device that trusts the first root, and has verified and installed what was signed at `old`. */
export async function makeDevice(root: string, ground: Ground): Promise<void> {
  makeUnsigned(root, ground);
  trust(root, ground, 1);
  await check(ground.networkOn(root, 'old'));
  await install(root, ground, INSTALLED);
}

/** One on which releases are not signed. */
export async function makeUnsignedDevice(root: string, ground: Ground): Promise<void> {
  makeUnsigned(root, ground);
  await install(root, ground, INSTALLED);
}

function makeUnsigned(root: string, ground: Ground): void {
  fs.mkdirSync(root, { recursive: true });
  fs.chmodSync(root, 0o755);
  writeTree(root, FOREIGN);
  writeTree(root, { '/var/lib/pikit-update': null, '/var/cache/pikit-update': null, '/var/www': null, '/etc/pikit': null });
  writeTree(root, { '/etc/pikit/update.toml': fs.readFileSync(join(ground.site('young'), 'update.toml'), 'utf8') });
}

/** As the owner has given it to the device before anything went wrong. */
function trust(root: string, { roots }: Ground, version: number): void {
  const { trustRoot } = devicePaths(root);
  fs.mkdirSync(dirname(trustRoot), { recursive: true });
  fs.writeFileSync(trustRoot, roots.get(version) ?? '');
}

/** Downloaded, and installed for good. */
async function install(root: string, { stepsOn }: Ground, wanted: Release): Promise<void> {
  stage(root, wanted);
  await STEPS.apply(stepsOn(root));
}

/** Puts the metadata of a site into the cache in the place of what was verified: all that a hostile network step can do. */
export function forgeCache(root: string, { verified }: Ground, age: Age): void {
  dropCache(root);
  fs.cpSync(verified(age), devicePaths(root).trustCache, { recursive: true });
  stage(root, REPLACED);
}

/** As an owner may do at any time. */
export function dropCache(root: string): void {
  fs.rmSync(devicePaths(root).trustCache, { recursive: true, force: true });
}
