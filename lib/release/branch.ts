/** `pikit-release branch`: changes to the list of branches, and the removal of a branch with all that was published on it. */
import fs from 'node:fs';
import { join } from 'node:path';
import { UpdateError } from '../core/errors.ts';
import { manifestName, releasesName } from '../core/site-layout.ts';
import { fsyncDir, lstatOrNull, removeTree, unlinkIfThere } from '../transaction/durable.ts';
import type { BranchFields } from './branch-list.ts';
import { changeBranchList, entryOf } from './branch-list.ts';
import type { BranchSummary } from './branch-summary.ts';
import { summarizeBranches } from './branch-summary.ts';
import { unknownBranch } from './known-branch.ts';
import { withSiteLock } from './site-lock.ts';
import { openSite } from './site.ts';

export interface BranchesChanged {
  /** Those of the named branches that were not as asked for already. */
  changed: string[];
  branches: BranchSummary[];
}

/** Folders that hold something for each branch. */
const FOLDERS = ['files', 'patches', 'manifests'] as const;

/** Its documents, the one that devices ask for first. */
const documentsOf = (name: string): string[] => [manifestName(name), releasesName(name)];

/** All branches of a site. Throws SITE_INVALID. */
export function listBranches(dir: string): BranchSummary[] {
  return summarizeBranches(openSite(dir));
}

/** Adds a branch to the end of the list. Throws INPUT_REFUSED when it is listed already, SITE_INVALID, BUSY. */
export function addBranch(dir: string, name: string, fields: BranchFields): BranchesChanged {
  openSite(dir);
  withSiteLock(dir, () =>
    changeBranchList(dir, (entries) => {
      if (entryOf(entries, name) !== null) {
        throw new UpdateError('INPUT_REFUSED', `the branch '${name}' is there already`, {
          hint: `change it with: pikit-release branch edit ${name} --site ${dir}`,
        });
      }
      return [...entries, { name, display_name: name, description: '', enabled: true, visible: true, linux: true, ...fields }];
    }),
  );
  return { changed: [name], branches: listBranches(dir) };
}

/**
 * Sets these fields of these branches, and leaves all else as it is. All of them or, when one is unknown (INPUT_REFUSED), none.
 * Throws SITE_INVALID, BUSY.
 */
export function editBranches(dir: string, names: readonly string[], fields: BranchFields): BranchesChanged {
  const site = openSite(dir);
  const changed: string[] = [];
  withSiteLock(dir, () =>
    changeBranchList(dir, (entries) => {
      for (const name of names) if (entryOf(entries, name) === null) throw unknownBranch(site, name);
      return entries.map((entry) => {
        const name = entry['name'];
        if (typeof name !== 'string' || !names.includes(name)) return entry;
        if (Object.entries(fields).every(([key, value]) => entry[key] === value)) return entry;
        changed.push(name);
        return { ...entry, ...fields };
      });
    }),
  );
  return { changed, branches: listBranches(dir) };
}

/**
 * Takes branches from the list, and then what is published on them: first the entry, so that devices fall back to stable while
 * everything is still there; then the manifest and the list of releases; then the single files and what the list named. Bundles
 * stay: they are the history of the site, and another branch may offer the same. Cut at any moment and run again, it finishes. Throws INPUT_REFUSED, and removes nothing,
 * when the site has no trace of one of them; SITE_INVALID, BUSY.
 */
export function removeBranches(dir: string, names: readonly string[]): BranchesChanged {
  const site = openSite(dir);
  withSiteLock(dir, () => {
    changeBranchList(dir, (entries) => {
      for (const name of names) if (entryOf(entries, name) === null && !hasTraces(dir, name)) throw unknownBranch(site, name);
      return entries.filter((entry) => !names.some((name) => entry['name'] === name));
    });
    for (const document of names.flatMap(documentsOf)) unlinkIfThere(join(dir, document));
    fsyncDir(dir);
    for (const folder of FOLDERS) {
      for (const name of names) removeTree(join(dir, folder, name));
      if (fs.existsSync(join(dir, folder))) fsyncDir(join(dir, folder));
    }
  });
  return { changed: [...names], branches: listBranches(dir) };
}

/** An interrupted removal, or somebody else's work, may have left what no list names. */
function hasTraces(dir: string, name: string): boolean {
  return [...documentsOf(name), ...FOLDERS.map((folder) => join(folder, name))].some((path) => lstatOrNull(join(dir, path)) !== null);
}
