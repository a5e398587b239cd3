/**
 * Folders in which a bundle is made, beside the others. Each is locked by the process that works in it: the lock ends with the
 * process, however that ends, so what is left of a dead one is told from the work of a running one.
 */
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import type { Manifest } from '../../core/release/manifest.ts';
import { bundleName } from '../../core/release/manifest.ts';
import { unpackBundle } from '../../io/bundle/archive.ts';
import { lstatOrNull, removeTree } from '../../transaction/files/durable.ts';
import { holdLock, isLocked, withSiteLock } from '../site/site-lock.ts';
import { BUNDLES_NAME } from '../site/site.ts';

const WORK = /\.tmp$/;
/** What a replaced document leaves when the process ends between its two names; none is written without the lock of the site. */
const DOCUMENT = /^(?:manifest|branches)[a-z0-9_]*\.json\.tmp$/;

export interface WorkFolder {
  path: string;
  /** Removes it with all that is in it. */
  remove: () => void;
}

/** Makes a folder to work in, and sweeps what dead processes have left. Throws BUSY, and CANCELLED while it waits for the site. */
export function openWorkFolder(site: string, name: string): WorkFolder {
  return withSiteLock(site, () => {
    const folder = join(site, BUNDLES_NAME);
    fs.mkdirSync(folder, { recursive: true });
    sweepWork(site);
    const path = join(folder, `${name}.${randomBytes(4).toString('hex')}.tmp`);
    fs.mkdirSync(path);
    const unlock = holdLock(path);
    return {
      path,
      remove: () => {
        removeTree(path);
        unlock();
      },
    };
  });
}

/** Gives `act` the files of a release as its bundle has them; they are gone afterwards. Throws what is wrong with the bundle. */
export async function withBundleFiles<T>(
  site: string,
  manifest: Manifest,
  signal: AbortSignal | undefined,
  act: (sourceOf: (file: { path: string }) => string) => T,
): Promise<T> {
  const bundle = join(site, BUNDLES_NAME, bundleName(manifest));
  const work = openWorkFolder(site, bundleName(manifest));
  try {
    const into = join(work.path, 'files');
    await unpackBundle({ bundle, files: manifest.files, into, limits: { unpackedBytes: Number.MAX_SAFE_INTEGER }, signal });
    return act(({ path }) => join(into, path));
  } finally {
    work.remove();
  }
}

function sweepWork(site: string): void {
  for (const name of fs.readdirSync(site)) if (DOCUMENT.test(name)) removeTree(join(site, name));
  for (const name of fs.readdirSync(join(site, BUNDLES_NAME))) {
    const path = join(site, BUNDLES_NAME, name);
    if (WORK.test(name) && !isWorkRunning(path)) removeTree(path);
  }
}

/** Whether a process is at work there. */
export function isWorkRunning(path: string): boolean {
  const stat = lstatOrNull(path);
  return stat !== null && (stat.isDirectory() || stat.isFile()) && isLocked(path);
}
