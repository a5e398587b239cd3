/** The first root of a site, beside the keys: what is signed from now on has to come from it (read-signed-site.ts). */
import { join } from 'node:path';
import { metadataPath } from '../../core/trust/metadata-layout.ts';
import { lstatOrNull, writeDurable } from '../../transaction/files/durable.ts';
import { OWN_ROOT_NAME, readOwnRoot } from './key-folder.ts';
import { readIfThere } from '../site/site.ts';

/** Keeps it, where there is a folder of keys that has none yet. */
export function keepOwnRoot(dir: string, { keysFolder }: { keysFolder: string | null }): void {
  if (keysFolder === null || lstatOrNull(keysFolder) === null || readOwnRoot(keysFolder) !== null) return;
  const root = readIfThere(join(dir, metadataPath('1.root.json')));
  if (root !== null) writeDurable(join(keysFolder, OWN_ROOT_NAME), root, { mode: 0o600 });
}
