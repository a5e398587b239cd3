/** The owner confirms that a file which no release brought may be replaced: exactly this file, once. */
import { join } from 'node:path';
import { UpdateError, errnoOf } from '../core/errors.ts';
import type { Confirmed } from '../core/offer/foreign-files.ts';
import { hashFile, lstatOrNull } from '../transaction/files/durable.ts';
import type { ReaderDeps } from './deps.ts';

type Deps = Pick<ReaderDeps, 'paths' | 'files'>;

/**
 * What there is to confirm at these paths, as it is now. Of a file that only root may read, it is what the last installation
 * saw that was refused. Throws NOT_FOUND where no file is, PERMISSION where it cannot be known.
 */
export function seenNow(deps: Deps, paths: readonly string[]): Confirmed[] {
  return paths.map((path) => ({ path, sha256: shaOf(deps, path) }));
}

function shaOf({ paths, files }: Deps, path: string): string {
  const real = join(paths.root, path);
  if (lstatOrNull(real)?.isFile() !== true) {
    throw new UpdateError('NOT_FOUND', `'${path}' is not a file: there is nothing to replace`, {
      hint: '`pikit-update plan` lists the files that no release installed',
    });
  }
  try {
    return hashFile(real);
  } catch (error) {
    const seen = files.readState().last_result?.foreign?.find((file) => file.path === path);
    if (errnoOf(error) !== 'EACCES' || seen === undefined) throw error;
    return seen.sha256;
  }
}
