/** What a device trusts, as the client of metadata reads it from the files: which root, which keys, which versions. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { devicePaths } from '../../../lib/core/device/paths.ts';
import { openMetadata } from '../../../lib/io/trust/metadata-client.ts';
import { folderStore } from '../../../lib/io/trust/metadata-store.ts';
import { NOW } from '../model/device.ts';

export type Role = 'root' | 'timestamp' | 'snapshot' | 'targets';

export interface Sight {
  /** Null where nothing of the role counts. */
  versions: Readonly<Record<Role, number | null>>;
  /** The ids of the keys of each role. */
  keys: string;
}

export type Place = 'cache' | 'root';
export const PLACES: readonly Place[] = ['cache', 'root'];

/** Null where the owner trusts no root. */
export function sightOf(root: string, place: Place): Sight | null {
  const { trustRoot, trustCache, trusted } = devicePaths(root);
  return fs.existsSync(trustRoot) ? sightFrom(fs.readFileSync(trustRoot), place === 'cache' ? trustCache : trusted) : null;
}

const known = new Map<string, Sight>();

/** From an initial root, and a folder with what was verified. Verified once for the same bytes: signatures cost more than all the rest. */
export function sightFrom(initialRoot: Buffer, dir: string): Sight {
  const key = digestOf(initialRoot, dir);
  const sight = known.get(key) ?? verified(initialRoot, dir);
  known.set(key, sight);
  return sight;
}

function verified(initialRoot: Buffer, dir: string): Sight {
  const source = { get: () => Promise.resolve(null) };
  const roles = openMetadata({ initialRoot, store: folderStore(dir), source, now: NOW }).roles();
  const versionOf = (wanted: Role): number | null => roles.find(({ role }) => role === wanted)?.version ?? null;
  return {
    versions: { root: versionOf('root'), timestamp: versionOf('timestamp'), snapshot: versionOf('snapshot'), targets: versionOf('targets') },
    keys: roles.map(({ role, threshold, keys }) => `${role} ${String(threshold)} ${keys.map(({ id }) => id).join(' ')}`).join('\n'),
  };
}

/** Above what any metadata may have, the length says it all. */
const MOST_BYTES = 8 * 1024 * 1024;

function digestOf(initialRoot: Buffer, dir: string): string {
  const hash = createHash('sha256').update(initialRoot);
  const isFolder = fs.lstatSync(dir, { throwIfNoEntry: false })?.isDirectory() === true;
  for (const entry of isFolder ? fs.readdirSync(dir, { withFileTypes: true }) : []) {
    const path = join(dir, entry.name);
    const { size } = fs.lstatSync(path);
    hash.update(`${entry.name} ${String(size)}\n`);
    if (entry.isFile() && size <= MOST_BYTES) hash.update(fs.readFileSync(path));
  }
  return hash.digest('hex');
}
