/** What a site has to say about its branches: the list, and beside each branch what is published there. */
import { join } from 'node:path';
import type { Branch } from '../../core/release/branches.ts';
import { STABLE } from '../../core/release/branches.ts';
import { manifestName } from '../../core/release/site-layout.ts';
import type { Site } from './site.ts';
import { readIfThere, readManifest } from './site.ts';

export interface BranchSummary extends Branch {
  builtIn: boolean;
  /** What the branch offers now; null before its first release, or when `problem` says why it is not known. */
  version: string | null;
  sequence: number | null;
  released: string | null;
  problem: string | null;
}

const BUILT_IN: Branch = { name: STABLE, display_name: 'Stable', description: '', enabled: true, visible: true, linux: true };

/** Every branch of the site, `stable` first, the others in the order of the list. A broken manifest is told, not thrown. */
export function summarizeBranches(site: Site): BranchSummary[] {
  return [BUILT_IN, ...site.branches].map((branch) => ({ ...branch, builtIn: branch.name === STABLE, ...offered(site, branch.name) }));
}

function offered(site: Site, branch: string): Pick<BranchSummary, 'version' | 'sequence' | 'released' | 'problem'> {
  const nothing = { version: null, sequence: null, released: null, problem: null };
  const name = manifestName(branch);
  try {
    if (readIfThere(join(site.dir, name)) === null) return nothing;
    const { version, sequence, released } = readManifest(site.dir, name);
    return { version, sequence: sequence ?? null, released: released ?? null, problem: null };
  } catch (error) {
    return { ...nothing, problem: error instanceof Error ? error.message : String(error) };
  }
}
