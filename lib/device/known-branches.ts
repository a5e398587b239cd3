/** The branches as the last checks left them in the cache: which there are, which one is used, and what each of them has. */
import type { BranchChoice } from '../core/branch-choice.ts';
import { chooseBranch } from '../core/branch-choice.ts';
import type { Branch } from '../core/branches.ts';
import { BRANCHES_MAX_BYTES, STABLE, parseBranches } from '../core/branches.ts';
import type { Config } from '../core/config.ts';
import { UpdateError } from '../core/errors.ts';
import { MANIFEST_MAX_BYTES, parseManifest } from '../core/manifest.ts';
import { BRANCHES_NAME, manifestName } from '../core/site-layout.ts';
import { CACHE_FACTS_MAX_BYTES, factsOf } from '../core/source-cache.ts';
import { untrustedBytes } from '../transaction/untrusted.ts';
import type { DeviceDeps } from './deps.ts';

export interface KnownBranch extends Pick<Branch, 'name' | 'display_name' | 'description' | 'enabled' | 'visible'> {
  selected: boolean;
  used: boolean;
  /** The release it had when it was last asked; null when it never was. */
  version: string | null;
}

export interface KnownBranches {
  choice: BranchChoice;
  /** Stable first, then those of the list that are for this platform, hidden ones among them. */
  branches: KnownBranch[];
  /** Whether there ever was a list. */
  listed: boolean;
}

/** Asks nobody. Throws CONFIG_MISSING or CONFIG_INVALID. */
export function knownBranches(deps: DeviceDeps): KnownBranches {
  const config = deps.loadConfig();
  const list = cachedList(deps, config);
  const choice = chooseBranch({ selected: deps.files.readSettings().branch, list, answer: 'not-asked' });
  const named = [
    { name: STABLE, display_name: STABLE, description: 'what every device gets', enabled: true, visible: true },
    ...(list ?? []).filter(({ linux }) => linux),
  ];
  const branches = named.map(({ name, display_name, description, enabled, visible }) => ({
    name,
    display_name,
    description,
    enabled,
    visible,
    selected: name === choice.selected,
    used: name === choice.used,
    version: cachedVersion(deps, config, name),
  }));
  return { choice, branches, listed: list !== null };
}

/** The branch that is used, also where no configuration says which list is meant. */
export function currentChoice(deps: DeviceDeps): BranchChoice {
  try {
    return knownBranches(deps).choice;
  } catch (error) {
    if (!(error instanceof UpdateError)) throw error;
    return chooseBranch({ selected: deps.files.readSettings().branch, list: null, answer: 'not-asked' });
  }
}

function cachedList(deps: DeviceDeps, config: Config): Branch[] | null {
  return cached(deps, config, { name: BRANCHES_NAME, maxBytes: BRANCHES_MAX_BYTES, parse: parseBranches });
}

function cachedVersion(deps: DeviceDeps, config: Config, branch: string): string | null {
  return cached(deps, config, { name: manifestName(branch), maxBytes: MANIFEST_MAX_BYTES, parse: parseManifest })?.version ?? null;
}

interface Document<T> {
  name: string;
  maxBytes: number;
  parse: (bytes: Buffer) => T;
}

/** Anything wrong with it means that there is none. */
function cached<T>({ paths }: DeviceDeps, config: Config, { name, maxBytes, parse }: Document<T>): T | null {
  const meta = untrustedBytes(paths.cacheDir, `source/${name}.meta`, CACHE_FACTS_MAX_BYTES);
  const bytes = untrustedBytes(paths.cacheDir, `source/${name}`, maxBytes);
  if (meta === null || bytes === null || factsOf(meta, bytes, config) === null) return null;
  try {
    return parse(bytes);
  } catch (error) {
    if (error instanceof UpdateError) return null;
    throw error;
  }
}
