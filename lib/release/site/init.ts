import { join } from 'node:path';
import { STABLE } from '../../core/release/branches.ts';
import { BRANCHES_NAME, manifestName } from '../../core/release/site-layout.ts';
import { UpdateError } from '../../core/errors.ts';
import { lstatOrNull, writeDurable } from '../../transaction/files/durable.ts';
import { mkdirDurable } from '../../transaction/files/directories.ts';
import { SITE_FOLDERS, TUF_NAME } from './site.ts';

const EMPTY_LIST = Buffer.from('[]\n');
/** Of a site that was signed more than once. */
const LATER = `${TUF_NAME}/2.snapshot.json`;

/** `prepare` gets the keys, before the site has a folder; `sign` gives it its metadata, from the documents that it will have. Both are called again after an interruption. */
export type InitOptions = { unsigned: true } | { unsigned: false; prepare: () => void; sign: (documents: ReadonlyMap<string, Buffer>) => void };

/**
 * Creates a site with an empty branch list. Running it again after it was interrupted finishes the work; a folder that is a
 * site already is refused with SITE_INVALID and left as it is.
 */
export function initSite(dir: string, options: InitOptions): void {
  const stat = lstatOrNull(dir);
  if (stat !== null && !stat.isDirectory() && !stat.isSymbolicLink()) {
    throw new UpdateError('SITE_INVALID', `'${dir}' is not a folder`);
  }
  // Signatures come before the list: the first ones alone are what an interrupted run has left.
  for (const name of [BRANCHES_NAME, manifestName(STABLE), options.unsigned ? TUF_NAME : LATER]) {
    if (lstatOrNull(join(dir, name)) === null) continue;
    throw new UpdateError('SITE_INVALID', `'${dir}' is a site already: it has '${name}'`, {
      hint: `add releases to it with pikit-release build, or choose another folder`,
    });
  }
  if (!options.unsigned) options.prepare();
  for (const name of SITE_FOLDERS) mkdirDurable(join(dir, name), 0o755);
  if (!options.unsigned) options.sign(new Map([[BRANCHES_NAME, EMPTY_LIST]]));
  writeDurable(join(dir, BRANCHES_NAME), EMPTY_LIST, { mode: 0o644 });
}
