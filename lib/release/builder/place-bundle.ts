/** Packs a bundle into a site: under a temporary name until it is complete and on disk, and never over one that is there. */
import fs from 'node:fs';
import { basename, join } from 'node:path';
import { UpdateError } from '../../core/errors.ts';
import { parseManifest } from '../../core/release/manifest.ts';
import { inspectBundle, packBundle, readBundleManifest } from '../../io/bundle/archive.ts';
import { fsyncDir, hashFile, lstatOrNull } from '../../transaction/files/durable.ts';
import { releaseDifferences } from './differences.ts';
import type { ReleaseContents } from './manifest-json.ts';
import { innerManifest } from './manifest-json.ts';
import { BUNDLES_NAME } from '../site/site.ts';
import { openWorkFolder } from '../publish/work-folder.ts';

export interface PlacedBundle {
  name: string;
  size: number;
  sha256: string;
  /** It was there already, with the same content. */
  reused: boolean;
}

/** Whether the site has a bundle of that version. */
export function hasBundle(site: string, version: string): boolean {
  return lstatOrNull(bundleAt(site, version)) !== null;
}

function bundleAt(site: string, version: string): string {
  return join(site, BUNDLES_NAME, `pikit-${version}.tar.gz`);
}

export interface Placing {
  signal?: AbortSignal | undefined;
  /** Refuses a new bundle by its sha256, before it has its name. */
  check?: (sha256: string) => void;
}

/**
 * Throws RELEASE_CHANGED when the site has that version with other content, and says what differs; CANCELLED after an abort; leaves
 * no trace then. The same content in other bytes (another version of the compressor) is the bundle that is there.
 */
export async function placeBundle(site: string, contents: ReleaseContents, { signal, check }: Placing): Promise<PlacedBundle> {
  const path = bundleAt(site, contents.version);
  const name = basename(path);
  if (lstatOrNull(path) !== null) return { name, ...(await sameBundle(path, contents, signal)), reused: true };
  const work = openWorkFolder(site, name);
  try {
    const out = join(work.path, 'bundle');
    const packed = await packBundle({ out, manifestBytes: innerManifest(contents), files: contents.files, signal });
    check?.(packed.sha256);
    // Another process may have built the same version meanwhile.
    if (lstatOrNull(path) !== null) return { name, ...(await sameBundle(path, contents, signal)), reused: true };
    fs.renameSync(out, path);
    fsyncDir(join(site, BUNDLES_NAME));
    return { name, ...packed, reused: false };
  } finally {
    work.remove();
  }
}

/** Size and hash of a bundle that is there, if its content is this one. Throws RELEASE_CHANGED otherwise. */
async function sameBundle(path: string, contents: ReleaseContents, signal: AbortSignal | undefined): Promise<{ size: number; sha256: string }> {
  const difference = await bundleDifference(path, contents, signal);
  if (difference === null) return { size: fs.statSync(path).size, sha256: hashFile(path) };
  const { version } = contents;
  throw new UpdateError('RELEASE_CHANGED', `'${path}' exists already, with other content: ${difference}`, {
    hint: `devices may have ${version} already: build under a new version (or, if that file was never published, delete it first); the same release goes to another branch with: pikit-release promote`,
  });
}

async function bundleDifference(bundle: string, contents: ReleaseContents, signal: AbortSignal | undefined): Promise<string | null> {
  const limits = { unpackedBytes: Number.MAX_SAFE_INTEGER };
  try {
    const there = parseManifest(await readBundleManifest({ bundle, limits, signal }), 'the manifest inside');
    const difference = releaseDifferences(there, parseManifest(innerManifest(contents)));
    if (difference !== null) return difference;
    const { problems } = await inspectBundle({ bundle, files: there.files, limits, signal });
    return problems[0]?.message ?? null;
  } catch (error) {
    if (!(error instanceof UpdateError) || error.code === 'CANCELLED') throw error;
    return error.message;
  }
}
