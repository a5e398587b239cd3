/** What a source of releases may not change on a device: everything of root's and the owner's, and how far its metadata has come. */
import fs from 'node:fs';
import { join } from 'node:path';
import type { Device } from './device.ts';
import type { Snapshot } from './tree.ts';
import { snapshot } from './tree.ts';

/** The files of the device, of root and of the owner, and what is downloaded: nothing of it is for an answer of a source to change. */
export function kept(on: Device): Snapshot {
  const { paths } = on;
  const places = [paths.published, paths.settings, `${paths.cacheDir}/1.1.0`].map((path) => path.slice(on.root.length));
  const own = Object.entries(snapshot(on.root)).filter(([path]) =>
    ['/var/lib/pikit/', '/var/backups/', ...places].some((one) => path.startsWith(one)),
  );
  return { ...on.tree(), ...Object.fromEntries(own) };
}

/** The versions of the metadata in a folder, by file. */
export function metadataVersions(dir: string): Record<string, number> {
  const names = fs.existsSync(dir)
    ? fs
        .readdirSync(dir)
        .filter((name) => /^[a-z-]+\.json$/.test(name))
        .toSorted()
    : [];
  return Object.fromEntries(names.map((name) => [name, versionOf(fs.readFileSync(join(dir, name), 'utf8'))]));
}

function versionOf(text: string): number {
  const value: unknown = JSON.parse(text);
  const signed = typeof value === 'object' && value !== null && 'signed' in value ? value.signed : null;
  if (typeof signed === 'object' && signed !== null && 'version' in signed && typeof signed.version === 'number') return signed.version;
  throw new Error(`this is no metadata: ${text.slice(0, 80)}`);
}

/** Names of files of which there is a lower version than before, or none. */
export function wentBack(before: Readonly<Record<string, number>>, after: Readonly<Record<string, number>>): string[] {
  return Object.entries(before).flatMap(([name, version]) => ((after[name] ?? 0) < version ? [name] : []));
}
