/** What the source offers this device now: its branch followed, the newest release weighed, and what is known written down. */
import { STABLE } from '../../core/release/branches.ts';
import type { Decision } from '../../core/offer/decide.ts';
import { describeHeld } from '../../core/offer/decide.ts';
import { LaterRelease } from '../../core/release/manifest.ts';
import { standingOf } from '../../core/offer/standing.ts';
import { describeFollowers, followers } from '../../core/release/stepping-stones.ts';
import type { Available, State } from '../../core/device/state.ts';
import { followBranch } from './follow-branch.ts';
import type { Asking, Frequency } from './cached-document.ts';
import type { NetworkDeps } from '../deps.ts';
import type { Situation } from './situation.ts';
import { decideFor, toAvailable } from './situation.ts';
import type { FoundRelease } from './release-source.ts';
import { requestRelease } from './release-source.ts';
import { dropStaging, stagedFor } from '../staging/staging.ts';
import type { InstallableRelease } from './installable-release.ts';
import { findInstallable } from './installable-release.ts';
import { refreshSigned } from '../trust/signed-source.ts';
import { noteTrustProblem } from '../trust/trust-notes.ts';
import type { RunOrder } from '../wanted.ts';

export interface Found {
  /** On the branch that the source's list leads to now. */
  here: Situation;
  /** What is on offer: the newest, or what has to come before it. */
  release: FoundRelease | null;
  version: string | null;
  /** The newest that the branch has. */
  newest: string | null;
  decision: Decision;
  available: Available | null;
  message: string;
}

export interface AskOptions extends RunOrder {
  asking: Frequency;
}

/**
 * Asks the source which branches there are and what the one of this device has, weighs the answer, removes what is staged for
 * anything else, and writes down what is known now. Where a root is trusted, only what is signed is an answer: what is offered and
 * staged stays as it was when there is none, and the state says why.
 */
export async function requestOffer(deps: NetworkDeps, before: Situation, how: AskOptions): Promise<Found> {
  try {
    return await offer(deps, before, how);
  } catch (error) {
    noteTrustProblem(deps, error);
    throw error;
  }
}

async function offer(deps: NetworkDeps, before: Situation, how: AskOptions): Promise<Found> {
  const signed = await refreshSigned(deps, before.config, before.branch);
  const asking: Asking = signed?.documents ?? how.asking;
  const { here, failure } = await followBranch(deps, before, asking);
  const found = await ask(deps, here, { ...how, asking });
  // Only now: without an answer to the second question, the first is not worth a line of its own.
  if (failure !== null) deps.log.warning(`failed to get the list of branches, using the last known one: ${failure.message}`);
  const at = deps.now().toISOString();
  if (stagedFor(deps) !== found.release?.sha256) dropStaging(deps);
  const state: State = {
    ...here.state,
    ...(signed === null ? {} : { trust: signed.trust }),
    current: here.current,
    latest: found.newest ?? here.state.latest,
    branch: here.branch,
    ...(isPromoted(here, found) && here.current !== null ? { promoted: here.current } : {}),
    last_check: at,
    available: found.available,
    staged: deps.files.readStaged(),
  };
  deps.files.writeState(state);
  return { ...found, here: { ...here, state } };
}

/** What stable has as well is a release of stable, wherever it was installed from. */
function isPromoted({ branch, current, installedBranch }: Situation, { newest: version }: Answer): boolean {
  if (installedBranch === STABLE) return false;
  return branch === STABLE && version !== null && standingOf(version, { current, branch, installedBranch }) === 'installed';
}

type Answer = Omit<Found, 'here'>;

async function ask(deps: NetworkDeps, here: Situation, how: RunOrder & { asking: Asking }): Promise<Answer> {
  try {
    const release = await requestRelease(deps, here.config, here.branch, how.asking);
    const decision = decideFor(deps, here, release, how);
    const { version } = release.manifest;
    const way = decision.outcome === 'incompatible' ? await findInstallable(deps, here, release, how) : null;
    if (way !== null) return onTheWay(here, way, { version, why: decision.reason });
    const available = decision.outcome === 'none' ? null : toAvailable(release, decision, here.branch);
    return { release, version, newest: version, decision, available, message: describe(here, release, decision) };
  } catch (error) {
    // A manifest of a later schema is not a failure of this device: it is a release that it cannot take.
    if (!(error instanceof LaterRelease) || error.version === null) throw error;
    return laterRelease(here, error, error.version);
  }
}

/** What this device can take before the newest, or instead of it. */
function onTheWay(here: Situation, { release, decision, route }: InstallableRelease, newest: { version: string; why: string | null }): Answer {
  const { version } = release.manifest;
  const follow = followers(route, version);
  const then = route.at(-1) === newest.version ? describeFollowers(follow) : `${newest.version} is not offered: ${newest.why ?? ''}`;
  const message = `${describe(here, release, decision)}; ${then}`;
  return { release, version, newest: newest.version, decision, available: toAvailable(release, decision, here.branch, route), message };
}

function laterRelease({ branch, current, installedBranch }: Situation, { message, hint, sha256 }: LaterRelease, version: string): Answer {
  const standing = standingOf(version, { current, branch, installedBranch });
  const about = { release: null, version, newest: version, message: `the newest release cannot be installed here: ${message}; ${hint ?? ''}` };
  if (standing === 'installed' || standing === 'older')
    return { ...about, decision: { outcome: 'none', standing, reason: message }, available: null };
  const decision = { outcome: 'incompatible', reason: `${message}: ${hint ?? ''}`, downgrade: standing === 'downgrade' } as const;
  const unknown = { released: null, changelog: '', notes: '', files: 0, bundle_bytes: null, tree_bytes: null };
  return { ...about, decision, available: { version, branch, ...decision, manifest_sha256: sha256, ...unknown } };
}

function describe(here: Situation, release: FoundRelease, decision: Decision): string {
  const { version } = release.manifest;
  switch (decision.outcome) {
    case 'none':
      return `up to date: ${decision.reason}`;
    case 'available':
      return `${version} is available${onBranch(here)}${decision.downgrade ? ' as a downgrade' : ''} (${here.current === null ? 'nothing is installed' : `installed: ${here.current}`})`;
    case 'held':
      return describeHeld(version, decision.reason);
    case 'waiting':
    case 'skipped':
    case 'incompatible':
      return `${version} is not offered: ${decision.reason ?? ''}`;
    default:
      return decision satisfies never;
  }
}

function onBranch({ branch }: Situation): string {
  return branch === STABLE ? '' : ` on the branch '${branch}'`;
}
