/** For a device that cannot take the newest release yet: the newest that it can take, and what follows after it. */
import { isForArch, isBeyond } from '../core/decide.ts';
import type { Decision } from '../core/decide.ts';
import { UpdateError } from '../core/errors.ts';
import type { ListedRelease } from '../core/release-list.ts';
import { RELEASE_LIST_MAX_BYTES, parseReleaseList } from '../core/release-list.ts';
import type { Stone } from '../core/route.ts';
import { between, followsOn, routeFrom } from '../core/route.ts';
import { keptManifestPath, releasesName } from '../core/site-layout.ts';
import type { Asking, DocumentKind } from './cached-document.ts';
import { requestDocument } from './cached-document.ts';
import type { NetworkDeps } from './deps.ts';
import type { Situation } from './look.ts';
import { weigh } from './look.ts';
import type { Release } from './release-source.ts';
import { requestListed } from './release-source.ts';

export interface Way {
  release: Release;
  decision: Exclude<Decision, { outcome: 'none' }>;
  /** Its version first, and the newest last if it can be reached. */
  route: string[];
}

/** Manifests that are asked for at one look. Where the source tells beforehand what they need, it is hardly ever more than one. */
const MOST_MANIFESTS = 50;

/**
 * The newest release before `newest` that can be installed here, or null when the source has none or does not say. One that is
 * held, skipped or not for this device yet is the answer only where there is no other. Throws network and status codes.
 */
export async function findWay(deps: NetworkDeps, here: Situation, newest: Release, ask: { asking: Asking; byHand: boolean }): Promise<Way | null> {
  const { current } = here;
  if (current === null || !isBeyond(newest.manifest, { current, arch: deps.arch })) return null;
  const known: Candidate[] = between(await candidates(deps, here, ask.asking), current, newest.manifest.version);
  let later: Omit<Way, 'route'> | null = null;
  let asked = 0;
  for (const candidate of known) {
    if (!followsOn(candidate, current) || !isForArch(candidate.arch, deps.arch)) continue;
    asked += 1;
    if (asked > MOST_MANIFESTS) break;
    const release = await requestCandidate(deps, here, candidate, ask.asking);
    if (release === null) {
      candidate.isThere = false;
      continue;
    }
    candidate.minVersion = release.manifest.requires.min_version ?? null;
    const decision = weigh(deps, here, release, ask.byHand);
    if (decision.outcome === 'none' || decision.outcome === 'incompatible') continue;
    if (decision.outcome === 'available') return { release, decision, route: routeOf(release, known, newest, deps.arch) };
    later ??= { release, decision };
  }
  return later === null ? null : { ...later, route: routeOf(later.release, known, newest, deps.arch) };
}

interface Candidate extends Stone {
  arch: readonly string[] | undefined;
  listed: ListedRelease | null;
  /** False when its manifest was asked for in vain. */
  isThere: boolean;
}

async function candidates(deps: NetworkDeps, { config, branch }: Situation, asking: Asking): Promise<Candidate[]> {
  const what = 'the list of releases';
  const versions = await deps.openSource(config).versions({ branch, what, signal: deps.signal });
  if (versions !== null) return versions.map((version) => ({ version, minVersion: null, arch: undefined, listed: null, isThere: true }));
  const list = await requestList(deps, { config, branch }, asking);
  return list.map((listed) => ({ version: listed.version, minVersion: listed.min_version ?? null, arch: listed.arch, listed, isThere: true }));
}

/** A site that was made by an earlier version has no list. */
async function requestList(deps: NetworkDeps, { config, branch }: Pick<Situation, 'config' | 'branch'>, asking: Asking): Promise<ListedRelease[]> {
  const kind: DocumentKind<ListedRelease[]> = {
    path: releasesName(branch),
    branch,
    what: 'the list of releases',
    maxBytes: RELEASE_LIST_MAX_BYTES,
    retries: 2,
    parse: (bytes, what) => parseReleaseList(bytes, what, branch),
  };
  try {
    return (await requestDocument(deps, config, kind, asking)).value;
  } catch (error) {
    if (error instanceof UpdateError && error.code === 'NOT_FOUND') return [];
    throw error;
  }
}

/** One that is not there or not as it should be leads nowhere; another may. */
async function requestCandidate(deps: NetworkDeps, here: Situation, { version, listed }: Candidate, asking: Asking): Promise<Release | null> {
  const path = listed?.manifest.path ?? keptManifestPath(here.branch, version);
  try {
    const wanted = { path, branch: here.branch, version, sha256: listed?.manifest.sha256 ?? null };
    return await requestListed(deps, here.config, wanted, asking);
  } catch (error) {
    if (!(error instanceof UpdateError) || !LEADS_NOWHERE.has(error.code)) throw error;
    deps.narrate.warning(`${error.message}, ignoring: ${version} is not on the way`);
    return null;
  }
}

const LEADS_NOWHERE = new Set(['NOT_FOUND', 'MANIFEST_INVALID', 'PATH_REFUSED', 'RELEASE_INCOMPATIBLE', 'RELEASE_CHANGED', 'RESPONSE_TOO_LARGE']);

function routeOf({ manifest }: Release, known: readonly Candidate[], newest: Release, arch: string): string[] {
  const { version, requires } = newest.manifest;
  const here = known.filter((candidate) => candidate.isThere && isForArch(candidate.arch, arch));
  // What is for other devices is not where this one goes.
  const end = isForArch(requires.arch, arch) ? { version, minVersion: requires.min_version ?? null } : null;
  return end === null ? [manifest.version] : routeFrom(manifest.version, here, end);
}
