/** For a device that cannot take the newest release yet: the newest that it can take, and what follows after it. */
import { isForArch, isBeyond } from '../../core/offer/decide.ts';
import type { Decision } from '../../core/offer/decide.ts';
import { UpdateError } from '../../core/errors.ts';
import type { ListedRelease } from '../../core/release/release-list.ts';
import { RELEASE_LIST_MAX_BYTES, parseReleaseList } from '../../core/release/release-list.ts';
import type { Stone } from '../../core/release/stepping-stones.ts';
import { between, followsOn, routeFrom } from '../../core/release/stepping-stones.ts';
import { keptManifestPath, releasesName } from '../../core/release/site-layout.ts';
import type { SignedBy } from '../../core/trust/trust-state.ts';
import type { Asking, DocumentKind } from './cached-document.ts';
import { requestDocument } from './cached-document.ts';
import type { NetworkDeps } from '../deps.ts';
import type { Situation } from './situation.ts';
import { decideFor } from './situation.ts';
import type { FoundRelease } from './release-source.ts';
import { requestListed } from './release-source.ts';
import type { RunOrder } from '../wanted.ts';

export interface InstallableRelease {
  release: FoundRelease;
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
export async function findInstallable(
  deps: NetworkDeps,
  here: Situation,
  newest: FoundRelease,
  ask: RunOrder & { asking: Asking },
): Promise<InstallableRelease | null> {
  const { current } = here;
  if (current === null || !isBeyond(newest.manifest, { current, arch: deps.arch })) return null;
  const known: Candidate[] = between(await candidates(deps, here, ask.asking), current, newest.manifest.version);
  let later: Omit<InstallableRelease, 'route'> | null = null;
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
    const decision = decideFor(deps, here, release, ask);
    if (decision.outcome === 'none' || decision.outcome === 'incompatible') continue;
    if (decision.outcome === 'available') return { release, decision, route: routeOf(release, known, newest, deps.arch) };
    later ??= { release, decision };
  }
  return later === null ? null : { ...later, route: routeOf(later.release, known, newest, deps.arch) };
}

interface Candidate extends Stone {
  arch: readonly string[] | undefined;
  listed: ListedRelease | null;
  /** Who signed the list. */
  signed: SignedBy | null;
  /** False when its manifest was asked for in vain. */
  isThere: boolean;
}

async function candidates(deps: NetworkDeps, { config, branch }: Situation, asking: Asking): Promise<Candidate[]> {
  const what = 'the list of releases';
  // What a server says by itself that it has, no key has signed.
  const versions = typeof asking === 'string' ? await deps.openSource(config).versions({ branch, what, signal: deps.signal }) : null;
  if (versions !== null)
    return versions.map((version) => ({ version, minVersion: null, arch: undefined, listed: null, signed: null, isThere: true }));
  const { list, signed } = await requestList(deps, { config, branch }, asking);
  return list.map((listed) => ({
    version: listed.version,
    minVersion: listed.min_version ?? null,
    arch: listed.arch,
    listed,
    signed,
    isThere: true,
  }));
}

interface FoundList {
  list: ListedRelease[];
  signed: SignedBy | null;
}

/** A site that was made by an earlier version has no list, and one that is not signed counts as none. */
async function requestList(deps: NetworkDeps, { config, branch }: Pick<Situation, 'config' | 'branch'>, asking: Asking): Promise<FoundList> {
  const kind: DocumentKind<ListedRelease[]> = {
    path: releasesName(branch),
    branch,
    what: 'the list of releases',
    maxBytes: RELEASE_LIST_MAX_BYTES,
    retries: 2,
    parse: (bytes, what) => parseReleaseList(bytes, what, branch),
  };
  try {
    const { value, signed } = await requestDocument(deps, config, kind, asking);
    return { list: value, signed };
  } catch (error) {
    if (error instanceof UpdateError && (error.code === 'NOT_FOUND' || error.code === 'SIGNATURE_MISSING')) return { list: [], signed: null };
    throw error;
  }
}

/** One that is not there or not as it should be leads nowhere; another may. */
async function requestCandidate(
  deps: NetworkDeps,
  here: Situation,
  { version, listed, signed }: Candidate,
  asking: Asking,
): Promise<FoundRelease | null> {
  const path = listed?.manifest.path ?? keptManifestPath(here.branch, version);
  try {
    const wanted = { path, branch: here.branch, version, sha256: listed?.manifest.sha256 ?? null, signed };
    return await requestListed(deps, here.config, wanted, typeof asking === 'string' ? asking : 'now');
  } catch (error) {
    if (!(error instanceof UpdateError) || !LEADS_NOWHERE.has(error.code)) throw error;
    deps.log.warning(`${error.message}; ${version} is left out of the way to the newest release`);
    return null;
  }
}

const LEADS_NOWHERE = new Set(['NOT_FOUND', 'MANIFEST_INVALID', 'PATH_REFUSED', 'RELEASE_INCOMPATIBLE', 'RELEASE_CHANGED', 'RESPONSE_TOO_LARGE']);

function routeOf({ manifest }: FoundRelease, known: readonly Candidate[], newest: FoundRelease, arch: string): string[] {
  const { version, requires } = newest.manifest;
  const here = known.filter((candidate) => candidate.isThere && isForArch(candidate.arch, arch));
  // What is for other devices is not where this one goes.
  const end = isForArch(requires.arch, arch) ? { version, minVersion: requires.min_version ?? null } : null;
  return end === null ? [manifest.version] : routeFrom(manifest.version, here, end);
}
