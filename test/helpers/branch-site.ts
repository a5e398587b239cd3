/** Sites with releases on several branches, by the real builder. */
import fs from 'node:fs';
import { join } from 'node:path';
import { STABLE } from '../../lib/core/release/branches.ts';
import { manifestName } from '../../lib/core/release/site-layout.ts';
import { addBranch } from '../../lib/release/site/site-branches.ts';
import { openSite, publishedReleases } from '../../lib/release/site/site.ts';
import { dashboard, emptySite, release, writeTree } from './site-builder.ts';

export interface BranchSite {
  dir: string;
  /** Builds a release on a branch, which is listed if it was not. */
  build: (version: string, branch?: string) => Promise<void>;
  /** Puts the release of a branch on another one as well, even if that has a newer one. */
  promote: (from: string, to: string) => void;
  /** Replaces branches.json. */
  list: (...names: string[]) => void;
  bundle: (version: string) => Buffer;
}

/** A new site below `base`, on which sequences rise by one with each release. */
export function branchSite(base: string): BranchSite {
  const dir = emptySite(base);
  return {
    dir,
    build: async (version, branch = STABLE) => {
      const from = writeTree(join(base, `tree-${version}`), dashboard(version));
      if (branch !== STABLE && !openSite(dir).branches.some(({ name }) => name === branch)) addBranch(dir, branch, {});
      await release({ site: dir, from, version, branch });
    },
    promote: (from, to) => {
      const sequence = Math.max(...publishedReleases(openSite(dir)).map(({ manifest }) => manifest.sequence ?? 0)) + 1;
      const value: unknown = JSON.parse(fs.readFileSync(join(dir, manifestName(from)), 'utf8'));
      const fields = typeof value === 'object' && value !== null ? value : {};
      fs.rmSync(join(dir, 'files', to), { recursive: true, force: true });
      fs.cpSync(join(dir, 'files', from), join(dir, 'files', to), { recursive: true });
      fs.writeFileSync(join(dir, manifestName(to)), `${JSON.stringify({ ...fields, branch: to, sequence })}\n`);
    },
    list: (...names) => {
      fs.writeFileSync(join(dir, 'branches.json'), `${JSON.stringify(names.map((name) => ({ name })))}\n`);
    },
    bundle: (version) => fs.readFileSync(join(dir, `bundles/pikit-${version}.tar.gz`)),
  };
}
