/** `pikit-release branch`: changes to the list of branches, and the removal of a branch with all that was published on it. */
import fs from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { UpdateError } from '../../core/errors.ts';
import { BRANCHES_NAME, manifestName, releasesName } from '../../core/release/site-layout.ts';
import { fsyncDir, lstatOrNull, removeTree, unlinkIfThere } from '../../transaction/files/durable.ts';
import type { BranchEntry, BranchFields } from './branch-list.ts';
import { changeBranchList, entryOf } from './branch-list.ts';
import type { BranchSummary } from './branch-summary.ts';
import { summarizeBranches } from './branch-summary.ts';
import { unknownBranch } from './known-branch.ts';
import { withSiteLock } from './site-lock.ts';
import { openSite } from './site.ts';
import type { Wish } from '../trust/plan-metadata.ts';
import type { Signing } from '../trust/sign-role.ts';
import type { RoleKeys } from '../trust/signed-site.ts';
import type { SignedChange } from '../trust/signing.ts';
import { assertCanSign, isUnsigned, signChange } from '../trust/signing.ts';

export interface BranchesChanged {
  /** Those of the named branches that were not as asked for already. */
  changed: string[];
  branches: BranchSummary[];
  notices: string[];
}

/** Folders that hold something for each branch. */
const FOLDERS = ['files', 'patches', 'manifests'] as const;

/** Its documents, the one that devices ask for first. */
const documentsOf = (name: string): string[] => [manifestName(name), releasesName(name)];

/** All branches of a site. Throws SITE_INVALID. */
export function listBranches(dir: string): BranchSummary[] {
  return summarizeBranches(openSite(dir));
}

/** Who signs the change of a signed site, and which keys a branch gets of its own; null for one that is signed with the others. */
export interface BranchSigning {
  signing?: Signing | null;
  keys?: RoleKeys | null;
}

/**
 * Adds a branch to the end of the list. Throws INPUT_REFUSED when it is listed already, SITE_INVALID, BUSY, KEY_MISSING and
 * KEY_INVALID. Run again after it was cut short between the list and its signature, it signs.
 */
export function addBranch(dir: string, name: string, fields: BranchFields, { signing = null, keys = null }: BranchSigning = {}): BranchesChanged {
  openSite(dir);
  assertCanSign(dir, signing, { branches: [], list: true });
  const wanted = { name, display_name: name, description: '', enabled: true, visible: true, linux: true, ...fields };
  const notices = withSiteLock(dir, () =>
    changeSigned(
      dir,
      signing,
      (entries) => {
        const there = entryOf(entries, name);
        if (there === null) return [...entries, wanted];
        if (isDeepStrictEqual(there, wanted) && isUnsigned(dir, signing, BRANCHES_NAME)) return entries;
        throw new UpdateError('INPUT_REFUSED', `the branch '${name}' is there already`, {
          hint: `change it with: pikit-release branch edit ${name} --site ${dir}`,
        });
      },
      keys === null ? {} : { delegations: new Map([[name, keys]]) },
    ),
  );
  return { changed: [name], branches: listBranches(dir), notices };
}

/**
 * Sets these fields of these branches, and their keys if there are some, and leaves all else as it is. All of them or, when one is unknown (INPUT_REFUSED), none.
 * Throws SITE_INVALID, BUSY, KEY_MISSING, KEY_INVALID.
 */
export function editBranches(
  dir: string,
  names: readonly string[],
  fields: BranchFields,
  { signing = null, keys = null }: BranchSigning = {},
): BranchesChanged {
  const site = openSite(dir);
  assertCanSign(dir, signing, { branches: [], list: true });
  const changed: string[] = [];
  const notices = withSiteLock(dir, () =>
    changeSigned(
      dir,
      signing,
      (entries) => {
        for (const name of names) if (entryOf(entries, name) === null) throw unknownBranch(site, name);
        return entries.map((entry) => {
          const name = entry['name'];
          if (typeof name !== 'string' || !names.includes(name)) return entry;
          if (Object.entries(fields).every(([key, value]) => entry[key] === value)) return entry;
          changed.push(name);
          return { ...entry, ...fields };
        });
      },
      keys === null ? {} : { delegations: new Map(names.map((name) => [name, keys])) },
    ),
  );
  return { changed: keys === null ? changed : [...names], branches: listBranches(dir), notices };
}

/** The list and then its signature; an unchanged list that is not signed as it is gets signed. */
function changeSigned(
  dir: string,
  signing: Signing | null,
  change: (entries: readonly BranchEntry[]) => readonly BranchEntry[],
  wish: Omit<Wish, 'documents'> & { gone?: readonly string[] },
): string[] {
  const sign = (list: Buffer): SignedChange =>
    signChange(dir, signing, { ...wish, documents: new Map([[BRANCHES_NAME, list], ...(wish.gone ?? []).map((name) => [name, null] as const)]) });
  let signed: SignedChange | null = null;
  changeBranchList(dir, change, (list) => {
    signed = sign(list);
  });
  signed ??= sign(fs.readFileSync(join(dir, BRANCHES_NAME)));
  return signed.write();
}

/**
 * Takes branches from the list, and then what is published on them: first the entry, so that devices fall back to stable while
 * everything is still there; then the manifest and the list of releases; then the single files and what the list named. Bundles
 * stay: they are the history of the site, and another branch may offer the same. Cut at any moment and run again, it finishes. Throws INPUT_REFUSED, and removes nothing,
 * when the site has no trace of one of them; SITE_INVALID, BUSY, KEY_MISSING, KEY_INVALID.
 */
export function removeBranches(dir: string, names: readonly string[], { signing = null }: BranchSigning = {}): BranchesChanged {
  const site = openSite(dir);
  assertCanSign(dir, signing, { branches: [], list: true });
  const notices = withSiteLock(dir, () => {
    const told = changeSigned(
      dir,
      signing,
      (entries) => {
        for (const name of names) if (entryOf(entries, name) === null && !hasTraces(dir, name)) throw unknownBranch(site, name);
        return entries.filter((entry) => !names.some((name) => entry['name'] === name));
      },
      { delegations: new Map(names.map((name) => [name, null])), gone: names.flatMap(documentsOf) },
    );
    for (const document of names.flatMap(documentsOf)) unlinkIfThere(join(dir, document));
    fsyncDir(dir);
    for (const folder of FOLDERS) {
      for (const name of names) removeTree(join(dir, folder, name));
      if (fs.existsSync(join(dir, folder))) fsyncDir(join(dir, folder));
    }
    return told;
  });
  return { changed: [...names], branches: listBranches(dir), notices };
}

/** An interrupted removal, or another process, may have left what no list names. */
function hasTraces(dir: string, name: string): boolean {
  return [...documentsOf(name), ...FOLDERS.map((folder) => join(folder, name))].some((path) => lstatOrNull(join(dir, path)) !== null);
}
