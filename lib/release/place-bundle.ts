/** Packs a bundle into a site: under a temporary name until it is complete and on disk, and never over one that is there. */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError } from '../core/errors.ts';
import { packBundle } from '../io/archive.ts';
import { fsyncDir, hashFile, lstatOrNull } from '../transaction/durable.ts';
import type { ReleaseContents } from './manifest-json.ts';
import { innerManifest } from './manifest-json.ts';
import { BUNDLES_NAME } from './site.ts';

export interface PlacedBundle {
  name: string;
  size: number;
  sha256: string;
  /** It was there already, with the same content. */
  reused: boolean;
}

/** Throws RELEASE_CHANGED when the site has that version with other content, CANCELLED after an abort; leaves no trace then. */
export async function placeBundle(site: string, contents: ReleaseContents, signal: AbortSignal | undefined): Promise<PlacedBundle> {
  const name = `pikit-${contents.version}.tar.gz`;
  const folder = join(site, BUNDLES_NAME);
  fs.mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  const packed = await packBundle({ out: temporary, manifestBytes: innerManifest(contents), files: contents.files, signal });
  try {
    if (lstatOrNull(path) !== null) {
      assertSameBundle(path, packed.sha256, contents.version);
      fs.unlinkSync(temporary);
      return { name, ...packed, reused: true };
    }
    fs.renameSync(temporary, path);
    fsyncDir(folder);
    return { name, ...packed, reused: false };
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

function assertSameBundle(path: string, sha256: string, version: string): void {
  if (hashFile(path) === sha256) return;
  throw new UpdateError('RELEASE_CHANGED', `'${path}' exists already, with other content`, {
    hint: `devices may have ${version} already: build under a new version (or, if that file was never published, delete it first); the same release goes to another branch with: pikit-release promote`,
  });
}
