/** The branches as the last checks left them in the cache: which there are, which one is used, and what each of them has. */
import type { BranchChoice } from '../core/offer/branch-choice.ts';
import { decideBranch } from '../core/offer/branch-choice.ts';
import type { Branch } from '../core/release/branches.ts';
import { BRANCHES_MAX_BYTES, STABLE, parseBranches } from '../core/release/branches.ts';
import type { Config } from '../core/device/config.ts';
import { UpdateError } from '../core/errors.ts';
import { MANIFEST_MAX_BYTES, parseManifest } from '../core/release/manifest.ts';
import { BRANCHES_NAME, manifestName } from '../core/release/site-layout.ts';
import { CACHE_FACTS_MAX_BYTES, factsOf } from '../core/device/source-cache.ts';
import { branchSigners } from '../core/trust/branch-signers.ts';
import { METADATA_MAX_BYTES } from '../core/trust/metadata-layout.ts';
import type { SignedBy } from '../core/trust/trust-state.ts';
import { untrustedBytes } from '../transaction/files/untrusted-files.ts';
import type { ReaderDeps } from './deps.ts';

export interface KnownBranch extends Pick<Branch, 'name' | 'display_name' | 'description' | 'enabled' | 'visible'> {
  selected: boolean;
  used: boolean;
  /** The release it had when it was last asked; null when it never was. */
  version: string | null;
  /** Who may sign its releases; only there where this device verifies signatures, and the metadata of the source tells. */
  keys?: SignedBy['keys'];
}

export interface KnownBranches {
  choice: BranchChoice;
  /** Stable first, then those of the list that are for this platform, hidden ones among them. */
  branches: KnownBranch[];
  /** Whether there ever was a list. */
  listed: boolean;
}

/** Makes no request. Throws CONFIG_MISSING or CONFIG_INVALID. */
export function knownBranches(deps: ReaderDeps): KnownBranches {
  const config = deps.loadConfig();
  const list = cachedList(deps, config);
  const choice = choiceOf(deps, list);
  const named = [
    { name: STABLE, display_name: STABLE, description: 'the default for every device', enabled: true, visible: true },
    ...(list ?? []).filter(({ linux }) => linux),
  ];
  const signers = signersIn(deps);
  const branches = named.map(({ name, display_name, description, enabled, visible }) => ({
    name,
    display_name,
    description,
    enabled,
    visible,
    selected: name === choice.selected,
    used: name === choice.used,
    version: cachedVersion(deps, config, name),
    ...signers(name),
  }));
  return { choice, branches, listed: list !== null };
}

/** The branch that is used, also where no configuration says which list is meant. Reads the list alone: each status asks for it. */
export function currentChoice(deps: ReaderDeps): BranchChoice {
  return choiceOf(deps, listIfConfigured(deps));
}

function choiceOf({ files }: ReaderDeps, list: Branch[] | null): BranchChoice {
  return decideBranch({ selected: files.readSettings().branch, list, answer: 'not-asked' });
}

function listIfConfigured(deps: ReaderDeps): Branch[] | null {
  try {
    return cachedList(deps, deps.loadConfig());
  } catch (error) {
    if (error instanceof UpdateError) return null;
    throw error;
  }
}

/** By the metadata that the network steps keep: as much as the list of branches beside it, it is for people to see. */
function signersIn({ paths, files }: ReaderDeps): (branch: string) => Pick<KnownBranch, 'keys'> {
  if (files.readState().unsigned) return () => ({});
  const kept = (name: string, maxBytes: number): Buffer | null => untrustedBytes(paths.cacheDir, `trust/${name}`, maxBytes);
  const metadata = { root: kept('root.json', METADATA_MAX_BYTES.root), targets: kept('targets.json', METADATA_MAX_BYTES.targets) };
  return (branch) => {
    const keys = branchSigners(branch, metadata);
    return keys === null ? {} : { keys };
  };
}

function cachedList(deps: ReaderDeps, config: Config): Branch[] | null {
  return cached(deps, config, { name: BRANCHES_NAME, maxBytes: BRANCHES_MAX_BYTES, parse: parseBranches });
}

function cachedVersion(deps: ReaderDeps, config: Config, branch: string): string | null {
  return cached(deps, config, { name: manifestName(branch), maxBytes: MANIFEST_MAX_BYTES, parse: parseManifest })?.version ?? null;
}

interface Document<T> {
  name: string;
  maxBytes: number;
  parse: (bytes: Buffer) => T;
}

/** Anything wrong with it means that there is none. */
function cached<T>({ paths }: ReaderDeps, config: Config, { name, maxBytes, parse }: Document<T>): T | null {
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
