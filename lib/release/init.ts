import { join } from 'node:path';
import { STABLE } from '../core/branches.ts';
import { BRANCHES_NAME, manifestName } from '../core/site-layout.ts';
import { UpdateError } from '../core/errors.ts';
import { lstatOrNull, mkdirDurable, writeDurable } from '../transaction/durable.ts';
import { SITE_FOLDERS, TUF_NAME } from './site.ts';

export interface InitOptions {
  unsigned: boolean;
}

/**
 * Creates a site with an empty branch list. Running it again after it was interrupted finishes the work; a folder that is a
 * site already is refused with SITE_INVALID and left as it is. Throws USAGE without `unsigned`.
 */
export function initSite(dir: string, options: InitOptions): void {
  if (!options.unsigned) {
    throw new UpdateError('USAGE', 'signed sites are not supported by this version of pikit-release', {
      hint: 'pass --unsigned: devices then check sha256 only, and warn about it',
    });
  }
  const stat = lstatOrNull(dir);
  if (stat !== null && !stat.isDirectory() && !stat.isSymbolicLink()) {
    throw new UpdateError('SITE_INVALID', `'${dir}' is not a folder`);
  }
  for (const name of [BRANCHES_NAME, manifestName(STABLE), TUF_NAME]) {
    if (lstatOrNull(join(dir, name)) === null) continue;
    throw new UpdateError('SITE_INVALID', `'${dir}' is a site already: it has '${name}'`, {
      hint: `add releases to it with pikit-release build, or choose another folder`,
    });
  }
  for (const name of SITE_FOLDERS) mkdirDurable(join(dir, name), 0o755);
  writeDurable(join(dir, BRANCHES_NAME), '[]\n', { mode: 0o644 });
}
