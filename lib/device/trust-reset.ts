/**
 * Trusting no root any more, for the worst day. The root goes first, and what root has verified goes last: wherever this is cut short,
 * the device has either the one without the other, which no step takes for unsigned and of which every error names this command,
 * or neither, and is unsigned.
 */
import { dirname } from 'node:path';
import { errnoOf } from '../core/errors.ts';
import { fsyncDir, lstatOrNull, removeTree } from '../transaction/files/durable.ts';
import { sweep } from '../transaction/files/sweep.ts';
import type { ReaderDeps } from './deps.ts';
import { whileNoStepRuns } from './step-lock.ts';

/** What there is to remove, as paths; nothing where no root is trusted. For others than root, as far as they can see. */
export function trustLeft({ paths, files }: Pick<ReaderDeps, 'paths' | 'files'>): string[] {
  const there = [paths.trustRoot, paths.trusted, paths.trustCache].filter(isThere);
  return files.readPublished()?.trust ? [...there, paths.published] : there;
}

/**
 * Removes the trusted root, what root and the network steps have verified since, and what root has let others know of it. It can be
 * run again after any failure. Throws as whileNoStepRuns does, and errors of the disk.
 */
export async function resetTrust(deps: ReaderDeps, tell: (text: string) => void): Promise<void> {
  const { paths, files } = deps;
  await whileNoStepRuns(deps, tell, () => {
    if (isThere(dirname(paths.trustRoot))) {
      removeTree(paths.trustRoot);
      // Where giving it was cut short.
      removeTree(`${paths.trustRoot}.tmp`);
      fsyncDir(dirname(paths.trustRoot));
    }
    // A folder of the user of the network steps: nothing in it is followed.
    if (isThere(paths.trustCache)) sweep(paths.cacheDir, ['trust']);
    const published = files.readPublished();
    if (published?.trust) files.writePublished({ ...published, trust: null });
    if (!isThere(paths.trusted)) return;
    removeTree(paths.trusted);
    fsyncDir(dirname(paths.trusted));
  });
}

function isThere(path: string): boolean {
  try {
    return lstatOrNull(path) !== null;
  } catch (error) {
    // Safe to ignore: what only root may see is for root to remove.
    if (errnoOf(error) === 'EACCES') return false;
    throw error;
  }
}
