/** Branches of a site, put there file by file: what devices read, by whatever program it was written. */
import fs from 'node:fs';
import { join } from 'node:path';

/** An entry of branches.json; what is left out is left to the device. */
export interface BranchEntry {
  name: string;
  display_name?: string;
  description?: string;
  enabled?: boolean;
  visible?: boolean;
  linux?: boolean;
}

/** Replaces the list of a site. */
export function writeBranches(site: string, branches: readonly BranchEntry[]): void {
  fs.writeFileSync(join(site, 'branches.json'), JSON.stringify(branches));
}

/** What the site `from` has on stable, bundle and all, becomes what the site `to` has on `branch`. */
export function copyToBranch(from: string, to: string, branch: string): void {
  fs.cpSync(join(from, 'bundles'), join(to, 'bundles'), { recursive: true });
  const value: unknown = JSON.parse(fs.readFileSync(join(from, 'manifest.json'), 'utf8'));
  if (typeof value !== 'object' || value === null) throw new Error(`no manifest in '${from}'`);
  fs.writeFileSync(join(to, `manifest_${branch}.json`), JSON.stringify({ ...value, branch }));
}
